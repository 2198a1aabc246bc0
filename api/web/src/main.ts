import 'quasar/src/css/index.sass'
import './app.css'

import { createPinia } from 'pinia'
import { Dialog, Notify, Quasar } from 'quasar'
import iconSet from 'quasar/icon-set/svg-mdi-v7.js'
import { createApp } from 'vue'

import App from './App.vue'
import { whenSignedOut } from './api/client'
import { i18n, quasarLang } from './i18n'
import { router } from './router'
import { useQueue } from './stores/queue'
import { useSession } from './stores/session'

const app = createApp(App)
app.use(createPinia())
app.use(i18n)
app.use(router)
app.use(Quasar, {
  plugins: { Dialog, Notify },
  lang: quasarLang,
  iconSet,
  config: { notify: { position: 'top', timeout: 3500 } },
})

document.documentElement.lang = i18n.global.locale.value
document.title = i18n.global.t('app.name')
whenSignedOut(() => {
  const session = useSession()
  const wasSignedIn = session.me !== null
  session.expire()
  // Whoever was never signed in is led by the router: some pages are for everyone.
  if (!wasSignedIn || !router.currentRoute.value.meta['signedIn']) return
  void router.push({ name: 'sign-in', query: { next: router.currentRoute.value.fullPath } })
})
app.mount('#app')
void useSession()
  .load()
  .then(() => useQueue().start())

// Only a secure context has one: over plain HTTP the app needs the server to open.
if (import.meta.env.PROD && 'serviceWorker' in navigator) void navigator.serviceWorker.register('/sw.js')
