/** Chinese texts of hazard items: their tickets, how they came back, were joined and split. */
export const item = {
  title: '隐患',
  list: '隐患清单',
  none: '没有符合条件的隐患',
  sightings: '出现记录',
  seen: '出现 {n} 次',
  first: '首次发现',
  last: '最近发现',
  closed: '销号时间',
  ticket: '整改单',
  tickets: '整改单',
  noTicket: '尚未开整改单',
  recurring: '重复发生 ×{n}',
  recurrence: '重复发生',
  cameBack: '销号后又出现',
  neverBack: '未再出现',
  history: '变更记录',
  joinedInto: '本隐患已并入另一隐患，出现记录在那里。',
  openSurvivor: '查看该隐患',
  movedFindings: '移动 {n} 条出现记录',
  otherItem: '另一隐患',
  merge: '并入另一隐患',
  mergeWhat: '两条隐患是同一件事时：出现记录归入另一条，未结的整改单按“并入”结束，不算整改完成。',
  mergeInto: '保留的隐患',
  mergeSend: '并入',
  mergeNone: '没有其他存在的隐患',
  merged: '已并入',
  split: '拆分出现记录',
  splitWhat: '部分记录其实是另一隐患时：所选记录成为新的隐患；其中已有确认的，另开整改单。',
  splitChoose: '属于另一隐患的记录',
  splitPlace: '新隐患的地点',
  splitSend: '拆分',
  splitDone: '已拆分，这是新的隐患',
  reason: '理由',
  reasonNeeded: '请写明理由，将记入台账。',
  findingsNeeded: '请至少选择一条记录。',
}
export const itemState = { open: '存在', closed: '已消除', dismissed: '已排除', merged: '已并入' }
export const itemChange = { reopened: '再次出现，重新打开', merged: '另一隐患并入', split: '拆出部分记录' }
export const itemTicketState = { joined: '已并入' }
export const itemTicketActions = { joined: '并入另一整改单' }
export const itemKinds = {
  'item.reopened': '隐患再次出现',
  'item.merged': '合并隐患',
  'item.split': '拆分隐患',
  'ticket.joined': '整改单并入另一单',
}
export const itemFields = {
  recurrences: '重复次数', earlier_ticket: '原整改单', other_item_id: '另一隐患', other_place: '另一地点',
  finding_ids: '出现记录', into_ticket: '并入整改单', joined_ticket: '被并入的整改单', catalogue_level: '目录级别', closed_at: '销号时间',
}
export const itemProblems = {
  item_not_standing: '该隐患已不处于“存在”状态。',
  reinspection_pending: '有整改正在等待复查，请先复查。',
  merge_refused: '这两条隐患不能这样合并。',
  split_refused: '这些记录不能拆分。',
}
