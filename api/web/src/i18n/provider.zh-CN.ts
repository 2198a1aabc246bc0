/** Chinese texts of the sign-in provider. */
export const provider = {
  title: '通过{name}登录',
  linked: '已关联您在该平台的账号，可以用它登录。',
  notLinked: '关联一次您在该平台的账号，之后即可用它登录。',
  link: '关联我的账号',
  unlink: '解除关联',
  password: '您在本系统的密码',
  go: '前往该平台',
}
export const providerProblems = {
  provider_refused: '该账号尚未关联本系统的账号，或返回超时。请用密码登录，并在“更多”中关联。',
  provider_unavailable: '统一认证平台没有响应，请用密码登录。',
}
