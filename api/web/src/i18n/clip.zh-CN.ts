/** 发现的录像。 */
const zh = {
  title: '前后几秒的录像',
  hidden: '录像中的人脸无法模糊，您的角色不能观看。',
}
export default zh
