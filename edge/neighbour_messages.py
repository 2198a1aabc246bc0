"""What `anxun-edge neighbours` and `discover` say, in Chinese and English."""

NEIGHBOURS: dict[str, tuple[str, str]] = {
    "neighbours_invalid": (
        "邻居文件 {path} 无法使用：{reason}",
        "the file of neighbours {path} cannot be used: {reason}",
    ),
    "telling_refused": ("无法接收：{reason}", "it cannot be kept: {reason}"),
    "push_listens": (
        "AI 摄像头推送地址：http://{host}:{port}/push",
        "AI cameras send to http://{host}:{port}/push",
    ),
    "broker_away": ("MQTT 服务器无法连接：{reason}", "the MQTT broker is not there: {reason}"),
    "broker_there": ("已连接 MQTT 服务器 {host}。", "connected to the MQTT broker {host}."),
    "told": (
        "{at} {code} {name}，置信度 {confidence}，来自 {camera}",
        "{at} {code} {name}, confidence {confidence}, told by {camera}",
    ),
    "frigate_unread": (
        "Frigate 的一条消息无法读取：{reason}",
        "a message of Frigate cannot be used: {reason}",
    ),
    "frigate_pictureless": (
        "Frigate 的目标 {reason} 没有画面，未保存；请在 Frigate 中打开 snapshots。",
        "Frigate's object {reason} has no picture and was not kept; switch snapshots on in Frigate",
    ),
    "help_neighbours": (
        "接收其他系统的发现（Frigate、AI 摄像头推送），并通过 MQTT 发布本机的发现。",
        "Take findings of others (Frigate, AI cameras that push), and tell ours over MQTT.",
    ),
    "help_neighbours_file": ("邻居文件（TOML）", "the file of neighbours (TOML)"),
}
