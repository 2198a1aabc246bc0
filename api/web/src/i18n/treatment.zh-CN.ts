/** Texts of the treatment plan of a major hazard, in Chinese. */
export const treatment = {
  title: '重大隐患治理方案',
  missing: '提交治理方案后才能开始整改。',
  wait: '等待企业安全管理员提交治理方案。',
  write: '填写治理方案',
  revise: '修改方案',
  file: '提交方案',
  filed: '{name} 提交',
  number: '第 {n} 版',
  erased: '方案内容已依申请删除。',
  basis: '安全生产事故隐患排查治理暂行规定第15条',
  fill: '标 * 的都要填写。',
  part: {
    goals: '治理目标和任务',
    measures: '方法和措施',
    funds_yuan: '经费（元）',
    materials: '物资',
    responsible: '负责机构和人员',
    due_on: '治理时限',
    requirements: '治理要求',
    safeguards: '安全措施和应急预案',
    stop_work: '停产停业、撤人措施',
    reported_to: '报告部门',
    reported_on: '报告日期',
  },
  hint: {
    goals: '完成后应达到什么状态',
    measures: '怎么治理',
    responsible: '部门、姓名、电话',
    safeguards: '治理完成前怎样保证安全，出事怎么办',
    stop_work: '停了什么、撤出了谁；不需停的说明理由',
    reported_to: '向哪个部门报告、联系人',
  },
}
export const treatmentActions = { plan_filed: '提交治理方案' }
export const treatmentProblems = {
  treatment_plan_required: '重大隐患须先提交治理方案，才能开始整改。',
}
