/**
 * Makes the service worker that lets the app open without signal.
 *
 * It keeps the files of one build and nothing that the API answers. A page is asked of the server first, so that
 * a new version shows at once; a new worker waits until the pages of the old one are closed, so that none of
 * them misses a file.
 */
import { createHash } from 'node:crypto'

import type { Plugin } from 'vite'

const worker = (cache: string, files: string[]): string => `'use strict'
const CACHE = ${JSON.stringify(cache)}
const FILES = ${JSON.stringify(files)}

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES)))
})

self.addEventListener('activate', (event) => {
  event.waitUntil(
    caches.keys().then((names) => Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name)))),
  )
})

self.addEventListener('fetch', (event) => {
  const { request } = event
  const { origin, pathname } = new URL(request.url)
  if (request.method !== 'GET' || origin !== self.location.origin || pathname.startsWith('/v1/')) return
  if (request.mode === 'navigate') {
    event.respondWith(fetch(request).catch(() => caches.match('/')))
  } else if (FILES.includes(pathname)) {
    event.respondWith(caches.match(pathname).then((kept) => kept ?? fetch(request)))
  }
})
`

/** Emit `sw.js` with the list of the build's files; `extra` are those of the public folder. */
export function serviceWorker(extra: readonly string[]): Plugin {
  return {
    name: 'anxun-service-worker',
    apply: 'build',
    generateBundle(_options, bundle) {
      const built = Object.keys(bundle).filter((name) => name !== 'index.html' && !name.endsWith('.map'))
      const files = ['/', ...[...built, ...extra].map((name) => `/${name}`)].sort()
      const digest = createHash('sha256').update(files.join('\n')).digest('hex').slice(0, 16)
      this.emitFile({ type: 'asset', fileName: 'sw.js', source: worker(`anxun-${digest}`, files) })
    },
  }
}
