/** Chinese texts of hazards that no model reported and a person marks. */
export default {
  title: '圈出漏检隐患',
  what: '系统没有报告、但您在这张照片上看到的隐患。记录后即视为已确认，写入台账，并按服务方案开整改单。',
  choose: '先选隐患，再在照片上框出',
  draw: '在照片上框出',
  drawn: '已框出 {n} 处，点此修改',
  zoneHint: '不填则用本次检查的地点',
  record: '记录隐患',
  kept: '已保存在本机，有网络时自动提交',
  waiting: '等待提交',
  refused: '未被接受',
  cannotShow: '这台设备打不开这种格式的照片；照片上传后再圈',
  beside: '画面里还有别的隐患',
  whatBeside: '系统没有报告、但您在这张图上看到的隐患。记录后即视为已确认，写入台账，并按服务方案开整改单。',
  zoneHintBeside: '不填则与本条发现同一地点',
  samePicture: '同一张图上的其他隐患',
  byPerson: '人工发现',
}
