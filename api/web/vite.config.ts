import { fileURLToPath } from 'node:url'

import { quasar, transformAssetUrls } from '@quasar/vite-plugin'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

import { serviceWorker } from './service-worker.ts'

// The server that `npm run dev` sends API calls to.
const API = process.env['ANXUN_API'] ?? 'http://127.0.0.1:8000'

export default defineConfig({
  plugins: [
    vue({ template: { transformAssetUrls } }),
    quasar({ sassVariables: fileURLToPath(new URL('src/quasar-variables.sass', import.meta.url)) }),
    serviceWorker(['favicon.svg', 'manifest.webmanifest']),
  ],
  resolve: { alias: { '@': fileURLToPath(new URL('src', import.meta.url)) } },
  server: { proxy: { '/v1': API } },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    rolldownOptions: { checks: { pluginTimings: false } },
  },
})
