/** 单个隐患证据包的文字。 */
export const itemBundle = {
  title: '本隐患的证据',
  what: '一个文件内含相关记录、照片和证明；收到的人不依赖本系统即可核验：anxun verify。',
  download: '下载证据包',
}
