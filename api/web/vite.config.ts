import { fileURLToPath } from 'node:url'

import { quasar, transformAssetUrls } from '@quasar/vite-plugin'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'
import { VitePWA } from 'vite-plugin-pwa'

// The server that `npm run dev` sends API calls to.
const API = process.env['ANXUN_API'] ?? 'http://127.0.0.1:8000'

export default defineConfig({
  plugins: [
    vue({ template: { transformAssetUrls } }),
    quasar({ sassVariables: fileURLToPath(new URL('src/quasar-variables.sass', import.meta.url)) }),
    VitePWA({
      registerType: 'autoUpdate',
      // A script of our own origin instead of an inline one, so that the CSP needs no exception.
      injectRegister: 'script-defer',
      includeAssets: ['favicon.svg'],
      manifest: {
        name: '安巡 anxun',
        short_name: '安巡',
        description: '隐患识别、安全台账、整改闭环',
        lang: 'zh-CN',
        display: 'standalone',
        start_url: '/',
        theme_color: '#0b5c4f',
        background_color: '#f4f6f5',
        icons: [
          { src: 'icon-192.png', sizes: '192x192', type: 'image/png' },
          { src: 'icon-512.png', sizes: '512x512', type: 'image/png' },
          { src: 'icon-512.png', sizes: '512x512', type: 'image/png', purpose: 'maskable' },
        ],
      },
      workbox: {
        globPatterns: ['**/*.{js,css,html,svg,png}'],
        navigateFallback: 'index.html',
        // What the API answers is never kept by the service worker.
        navigateFallbackDenylist: [/^\/v1\//],
        cleanupOutdatedCaches: true,
      },
    }),
  ],
  resolve: { alias: { '@': fileURLToPath(new URL('src', import.meta.url)) } },
  server: { proxy: { '/v1': API } },
  build: { target: 'es2022', assetsInlineLimit: 0, reportCompressedSize: false },
})
