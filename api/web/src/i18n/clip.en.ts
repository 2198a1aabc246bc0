/** Clips of findings, in English. */
import type zh from './clip.zh-CN'

const en: typeof zh = {
  title: 'The seconds before and after',
  hidden: 'Heads cannot be blurred in a clip, so your role does not see it.',
}
export default en
