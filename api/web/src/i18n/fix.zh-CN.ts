/** Texts of the model's look at after-photos, in Chinese. */
export const fix = {
  title: '系统查看整改后照片',
  waiting: '系统正在查看整改后的照片，稍候显示结果。不影响现在复查。',
  decides: '系统结果仅供参考，是否销号由复查人员决定。',
  verdict: {
    visible: '{n} 张照片中仍能看到该隐患',
    not_seen: '照片中未再看到该隐患（已看 {n} 张）',
    cannot_say: '系统不能判断',
    failed: '查看未完成',
  },
  notSeenHint: '没有看到不等于已经消除，请现场核实。',
  gaveUp: '系统查看失败，请人工核对照片。原因：{why}',
  photo: {
    visible: '仍能看到',
    not_seen: '未看到',
    cannot_say: '不能判断',
    failed: '无法读取',
  },
  why: {
    no_label: '模型不识别这类隐患。',
    experimental: '这类隐患的识别准确度还不够，默认关闭。',
    nobody: '照片里没有人，看不出人员是否仍有该隐患。',
    unreadable: '照片损坏，无法读取。',
    erased: '照片已依申请删除。',
  },
  erased: '查看内容已依申请删除。',
  by: '模型 {name} {version}（{sha}）',
}
export const fixKinds = { 'ticket.fix_checked': '系统查看整改后照片' }
export const fixFields = { verdict: '系统结论', photos: '照片', model_version: '模型版本', error: '原因' }
