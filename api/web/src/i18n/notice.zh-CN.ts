/** Chinese texts of notices. */
export default {
  title: '通知',
  bell: '通知，{n} 条未读',
  none: '没有通知',
  readAll: '全部标为已读',
  onlyUnread: '只看未读',
  overdueDays: '已超期 {n} 天',
  blind: '{camera}（{device}）：{sight}，已 {n} 分钟',
  unread: '未读',
  problems: '{n} 个问题',
  kind: {
    record_waits: '检查记录待企业签字',
    record_signed: '检查记录双方已签字，整改通知书已送达',
    record_refused: '企业拒签检查记录，整改通知书已送达',
    finding_confirmed: '隐患已确认',
    ticket_opened: '新整改单',
    ticket_assigned: '整改单已指派给您',
    ticket_submitted: '整改已提交，待复查',
    ticket_returned: '复查不合格，整改单已退回',
    ticket_closed: '整改单已闭环',
    delivery_failed: '通知多次发送失败，已停止',
    ticket_escalated: '整改单超期，上报给您',
    ticket_joined: '整改单已并入另一单',
    camera_blind: '摄像头长时间看不见',
    ticket_overdue: '整改单已超期',
  },
}
export const escalationActions = { escalate_expert: '超期上报驻点专家', escalate_town: '超期上报镇（街道）', escalate_bureau: '超期上报主管部门' }
