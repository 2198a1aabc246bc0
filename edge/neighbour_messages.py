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
    "discovery_failed": ("无法查找摄像头：{reason}", "cameras cannot be looked for: {reason}"),
    "none_discovered": (
        "没有摄像头应答。请确认摄像头已开启 ONVIF、与本机在同一网段；不在同一网段时用 --address 指定。",
        "no camera answered. Is ONVIF on in the camera, and is it in this network? Elsewhere: --address HOST",
    ),
    "discovered_title": ("找到的摄像头", "cameras that answered"),
    "discovered_camera": ("摄像头", "camera"),
    "discovered_hardware": ("型号", "hardware"),
    "discovered_profile": ("码流", "profile"),
    "discovered_stream": ("视频流地址", "stream"),
    "discovered_snapshot": ("抓图地址", "snapshot"),
    "exists_already": ("文件已存在，不会覆盖", "it is there already and is not overwritten"),
    "cameras_written": (
        "已写入 {path}。其中没有密码：运行前请设置环境变量 {variable}（@ : / # 等字符须写成百分号编码）。",
        "{path} is written. It holds no password: set {variable} in the environment (with @ : / # and the like percent-encoded).",
    ),
    "help_discover": (
        "查找本网段的 ONVIF 摄像头，列出视频流与抓图地址，生成摄像头文件。",
        "Find the ONVIF cameras of this network, list streams and snapshots, write a file of cameras.",
    ),
    "help_user": ("摄像头的 ONVIF 用户名", "ONVIF user of the cameras"),
    "help_password": (
        "密码；建议放在环境变量 CAMERA_PASSWORD 中",
        "its password; better in the environment, as CAMERA_PASSWORD",
    ),
    "help_address": (
        "向这个地址查询，而不是整个网段（可多次）",
        "ask this HOST or HOST:PORT in place of the whole network (repeatable)",
    ),
    "help_listen": ("等待应答的秒数", "how long to wait for answers, seconds"),
    "help_output": ("写入这个文件（不覆盖）", "write this file (nothing is overwritten)"),
    "help_snapshot": (
        "用抓图地址而不是视频流",
        "take the snapshot addresses in place of the streams",
    ),
}
