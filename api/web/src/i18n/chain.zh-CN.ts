/** 一条记录的证明链。 */
export default {
  entry: '内容与叶哈希一致',
  checkpoint: '叶哈希在台账检查点（{size} 条）中，检查点由台账密钥签名',
  area: '片区账本（{size} 条）收录了台账的前 {covered} 条，含本条；台账此后只增未改',
  areaWaiting: '片区账本尚未收录到本条，通常只需几秒',
  cosigned: '{name} 已联署，时间 {time}',
  noCosigner: '尚无见证方联署',
  keys: '以上每一步都由本机浏览器核对；密钥由本服务器告知，请另行向各方核实。',
  who: '谁为台账作证',
}
