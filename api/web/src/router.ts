/** Addresses of the app. Every page but the sign-in needs a signed-in person. */
import { createRouter, createWebHistory } from 'vue-router'

import MainLayout from './layouts/MainLayout.vue'
import { useSession } from './stores/session'

export const router = createRouter({
  history: createWebHistory(),
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
  routes: [
    { path: '/sign-in', name: 'sign-in', component: () => import('./pages/SignInPage.vue') },
    { path: '/forgotten-password', name: 'forgotten-password', component: () => import('./pages/ForgottenPasswordPage.vue') },
    { path: '/new-password', name: 'new-password', component: () => import('./pages/NewPasswordPage.vue') },
    { path: '/invitation', name: 'invitation', component: () => import('./pages/InvitationPage.vue') },
    // The code on a printed report leads here, with or without a sign-in.
    { path: '/check/:reportId', name: 'check', component: () => import('./pages/CheckPage.vue'), props: true },
    {
      path: '/',
      component: MainLayout,
      meta: { signedIn: true },
      children: [
        { path: '', name: 'home', component: () => import('./pages/HomePage.vue') },
        { path: 'inspections', name: 'inspections', component: () => import('./pages/InspectionsPage.vue') },
        { path: 'inspections/new', name: 'inspection-new', component: () => import('./pages/NewInspectionPage.vue') },
        { path: 'visits/:visitId', name: 'visit', component: () => import('./pages/VisitPage.vue'), props: true },
        { path: 'enterprises/:enterpriseId/inspections/:inspectionId', name: 'inspection', component: () => import('./pages/InspectionPage.vue'), props: true },
        { path: 'visits/:visitId/record', name: 'sign-record-visit', component: () => import('./pages/SignRecordPage.vue'), props: true },
        {
          path: 'enterprises/:enterpriseId/inspections/:inspectionId/record', name: 'sign-record', component: () => import('./pages/SignRecordPage.vue'),
          props: (to) => ({ ...to.params, earlier: to.query['earlier'] ?? undefined }),
        },
        { path: 'enterprises/:enterpriseId/inspection-records/:recordId', name: 'inspection-record', component: () => import('./pages/InspectionRecordPage.vue'), props: true },
        { path: 'findings', name: 'findings', component: () => import('./pages/FindingsPage.vue') },
        { path: 'enterprises/:enterpriseId/findings/:findingId', name: 'finding', component: () => import('./pages/FindingPage.vue'), props: true },
        { path: 'items', name: 'items', component: () => import('./pages/ItemsPage.vue') },
        { path: 'enterprises/:enterpriseId/items/:itemId', name: 'item', component: () => import('./pages/ItemPage.vue'), props: true },
        { path: 'notices', name: 'notices', component: () => import('./pages/NoticesPage.vue') },
        { path: 'notice-settings', name: 'notice-settings', component: () => import('./pages/NoticeSettingsPage.vue') },
        { path: 'tickets', name: 'tickets', component: () => import('./pages/TicketsPage.vue') },
        { path: 'enterprises/:enterpriseId/tickets/:ticketId', name: 'ticket', component: () => import('./pages/TicketPage.vue'), props: true },
        { path: 'ledger', name: 'ledger', component: () => import('./pages/LedgerPage.vue') },
        { path: 'ledger/vouching', name: 'vouching', component: () => import('./pages/VouchingPage.vue') },
        { path: 'enterprises/:enterpriseId/ledger/:index(\\d+)', name: 'entry', component: () => import('./pages/EntryPage.vue'), props: true },
        { path: 'retention', name: 'retention', component: () => import('./pages/RetentionPage.vue') },
        { path: 'enterprises/:enterpriseId/erasures/new', name: 'erasure-new', component: () => import('./pages/NewErasurePage.vue'), props: true },
        { path: 'enterprises/:enterpriseId/erasures/:erasureId', name: 'erasure', component: () => import('./pages/ErasurePage.vue'), props: true },
        { path: 'sections', name: 'sections', component: () => import('./pages/SectionsPage.vue') },
        { path: 'duties', name: 'duties', component: () => import('./pages/DutiesPage.vue') },
        { path: 'enterprises/:enterpriseId/sections/:section(L\\d\\d)', name: 'section', component: () => import('./pages/SectionPage.vue'), props: true },
        { path: 'enterprises/:enterpriseId/sections/:section(L\\d\\d)/new', name: 'record-new', component: () => import('./pages/RecordFormPage.vue'), props: true },
        { path: 'enterprises/:enterpriseId/records/:recordId', name: 'record', component: () => import('./pages/RecordPage.vue'), props: true },
        { path: 'enterprises/:enterpriseId/records/:recordId/correction', name: 'record-correct', component: () => import('./pages/RecordFormPage.vue'), props: true },
        { path: 'reports', name: 'reports', component: () => import('./pages/ReportsPage.vue') },
        { path: 'enterprises', name: 'enterprises', component: () => import('./pages/EnterprisesPage.vue') },
        { path: 'enterprises/:enterpriseId', name: 'enterprise', component: () => import('./pages/EnterprisePage.vue'), props: true },
        { path: 'people', name: 'people', component: () => import('./pages/PeoplePage.vue') },
        { path: 'people/invitations', name: 'invitations', component: () => import('./pages/InvitationsPage.vue') },
        { path: 'people/experts', name: 'experts', component: () => import('./pages/ExpertsPage.vue') },
        { path: 'devices', name: 'devices', component: () => import('./pages/DevicesPage.vue') },
        { path: 'enterprises/:enterpriseId/devices/:deviceId', name: 'box', component: () => import('./pages/BoxPage.vue'), props: true },
        { path: 'precision', name: 'precision', component: () => import('./pages/PrecisionPage.vue') },
        { path: 'access-log', name: 'access-log', component: () => import('./pages/AccessLogPage.vue') },
        { path: 'import', name: 'import', component: () => import('./pages/ImportPage.vue') },
        { path: 'account', name: 'account', component: () => import('./pages/AccountPage.vue') },
        { path: 'more', name: 'more', component: () => import('./pages/MorePage.vue') },
      ],
    },
    { path: '/:rest(.*)*', name: 'not-found', component: () => import('./pages/NotFoundPage.vue') },
  ],
})

router.beforeEach(async (to) => {
  const session = useSession()
  await session.load()
  if (to.meta['signedIn'] && !session.me) {
    return { name: 'sign-in', query: to.fullPath === '/' ? {} : { next: to.fullPath } }
  }
  if (to.name === 'sign-in' && session.me) return { name: 'home' }
  return true
})
