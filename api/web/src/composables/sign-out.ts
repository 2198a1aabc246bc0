import { useRouter } from 'vue-router'

import { useSession } from '@/stores/session'

import { notifyProblem } from './problem'

/** Return what signs out and shows the sign-in page. */
export function useSignOut(): () => Promise<void> {
  const session = useSession()
  const router = useRouter()
  return async () => {
    try {
      await session.signOut()
      await router.push({ name: 'sign-in' })
    } catch (error) {
      notifyProblem(error)
    }
  }
}
