/** What the model looks for, in Chinese. */
export default {
  title: '模型查找的隐患',
  running: '当前模型：{name}',
  on: '已启用',
  onTrial: '试验性，已启用：误报会更多，请人工核对',
  off: '试验性，未启用：不会产生发现，由管理员启用',
  none: '目录中其余 {n} 种隐患模型不识别，由人检查。',
}
