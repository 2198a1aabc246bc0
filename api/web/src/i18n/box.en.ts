/** Edge boxes: how they do, their cameras, their model. In English. */
import type zh from './box.zh-CN'
import type { boxFields as zhFields, boxKinds as zhKinds } from './box.zh-CN'

const en: typeof zh = {
  open: 'Open',
  never: 'This device has not said yet how it does; it will once anxun-edge watch runs.',
  reported: 'Reported',
  stale: 'No report for more than 5 minutes: the device may be without power or network.',
  cameras: 'Cameras',
  noCameras: 'No camera is watched',
  sight: {
    seeing: 'sees', absent: 'no picture', black: 'black', frozen: 'frozen', covered: 'covered', blurred: 'blurred', moved: 'looks elsewhere',
  },
  since: 'since',
  today: 'today: saw for {seen} min, blind for {blind} min; {found} findings told',
  waiting: 'Findings that wait',
  rejected: 'Rejected findings',
  clock: 'Clock offset',
  seconds: '{n} s',
  disk: 'Free disk',
  program: 'Program version',
  behind: 'The machine is behind: too many cameras or too high an fps',
  running: 'Model in use',
  origin: { server: 'version {version} of the server', file: 'a file on the device', command: 'the command line', '': 'unknown' },
  runs: 'Cameras in use',
  pending: 'The device has not taken version {version} yet; usually it does within a minute.',
  refused: 'The device refused version {version} and watches on as before: {reason}',
  edit: 'Cameras',
  hint: 'The format is in the user guide (TOML). No passwords here: write {example}, which the device takes from its environment.',
  text: 'Configuration',
  note: 'What was changed (goes into the ledger)',
  save: 'Save as a new version',
  saved: 'Version {version} is saved and in the ledger',
  unchanged: 'Nothing was changed',
  history: 'Versions',
  none: 'None yet: the device watches what its own file says. Once saved, the server decides.',
  version: 'Version {version}',
  use: 'Load this version',
  loaded: 'Version {version} is loaded; save to use it',
  entry: 'Ledger entry',
  model: 'Model',
  modelHint: 'The device downloads it, checks and tries it, then switches; the old one is kept and comes back by itself if it fails.',
  modelDefault: 'As by default (set for the enterprise or all devices, else the one shipped)',
  modelSaved: 'Written into the ledger; the device switches soon',
  modelTrouble: 'The chosen model is not used: {reason}',
  full: 'No room since {time}: first findings alone are kept, repeated ones are counted. Mend the line.',
  leftOut: '{n} more, not kept: the box had no room',
}
export const boxKinds: typeof zhKinds = {
  'device.configured': 'Cameras of a box changed',
  'device.model_offered': 'Model of a box changed',
  'device.key_registered': 'Key of a device registered',
  'finding.sightings_left_out': 'Repeated sightings left out',
}
export const boxFields: typeof zhFields = {
  public_key: 'Public key (Ed25519)', signature: 'Signature of the device', sequence: 'Number on its camera', draft_sha256: 'Hash of what the device sent',
  left_out: 'Repeated sightings left out, in all', more: 'Of these new', since: 'Since', until: 'Until', device: 'Device', device_id: 'Device id',
}
export default en
