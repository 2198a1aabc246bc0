/** What the model looks for, in English. */
import type zh from './model.zh-CN'

const en: typeof zh = {
  title: 'What the model looks for',
  running: 'Model in use: {name}',
  on: 'On',
  onTrial: 'Experimental, switched on: expect more to dismiss',
  off: 'Experimental, off: nothing is found of these; the operator can switch them on',
  none: 'The model does not know the other {n} hazards of the catalogue; people look for those.',
}
export default en
