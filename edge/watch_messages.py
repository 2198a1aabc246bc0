"""What `anxun-edge watch` says, in Chinese and English."""

WATCH: dict[str, tuple[str, str]] = {
    "cameras_invalid": (
        "摄像头文件 {path} 无法使用：{reason}",
        "the file of cameras {path} cannot be used: {reason}",
    ),
    "cameras_kept": (
        "继续按上一次可用的摄像头文件观看；改好后会自动读取。",
        "watching goes on with the last file that could be used; the mended one is read by itself.",
    ),
    "camera_away": (
        "摄像头 {source} 无法连接：{reason}",
        "the camera {source} does not answer: {reason}",
    ),
    "watching": (
        "正在观看 {source}（{camera}），Ctrl-C 结束。",
        "watching {source} as {camera}; Ctrl-C ends.",
    ),
    "not_watching": ("不再观看 {camera}。", "{camera} is no longer watched."),
    "confirmed": (
        "{at} {code} {name}，置信度 {confidence}，{camera}，{zone}",
        "{at} {code} {name}, confidence {confidence}, {camera}, {zone}",
    ),
    "whole_view": ("全画面", "whole view"),
    "blind": (
        "{camera} 看不见（已 {seconds} 秒）：{why}。",
        "{camera} is blind (for {seconds} s): {why}.",
    ),
    "sight_seeing": ("正常", "seeing"),
    "sight_absent": ("没有画面，正在重新连接", "no picture comes; reconnecting"),
    "sight_black": ("画面全黑", "the picture is black"),
    "sight_frozen": (
        "画面冻结，一直是同一幅",
        "the picture is frozen, the same one again and again",
    ),
    "sight_covered": ("镜头被遮挡", "something covers the lens"),
    "sight_blurred": (
        "画面模糊，请检查焦距、清洁镜头",
        "the picture is blurred: focus or clean the lens",
    ),
    "sight_moved": (
        "镜头朝向变了，区域可能错位；确认无误请运行 anxun-edge accept-view",
        "the camera looks elsewhere, zones may lie wrong; if that is meant, run anxun-edge accept-view",
    ),
    "view_accepted": (
        "{camera} 的原画面已忘记，将以现在的画面为准。",
        "the view of {camera} is forgotten; what it shows now becomes its view.",
    ),
    "view_unknown": (
        "没有 {camera} 的画面记录。",
        "no view of {camera} is kept here.",
    ),
    "help_accept_view": (
        "接受摄像头现在的朝向（被提示“朝向变了”之后）。",
        "Accept what a camera looks at now, after it was said to look elsewhere.",
    ),
    "sees_again": ("{camera} 恢复正常。", "{camera} sees again."),
    "way_full": ("全部帧", "every frame"),
    "way_sampled": ("抽帧", "sampled frames"),
    "way_key": ("仅关键帧", "key frames alone"),
    "way_lowered": (
        "本机跟不上，{camera} 改为解码：{way}。",
        "the machine is behind: {camera} is decoded less now ({way}).",
    ),
    "way_best": ("{camera} 解码方式：{way}。", "{camera} is decoded as {way}."),
    "behind": (
        "本机跟不上：要求每秒 {asked} 次分析，实际 {done} 次。请减少摄像头或降低 fps。",
        "the machine is behind: {asked} looks a second were asked for, {done} are done. Fewer cameras or a lower fps would help.",
    ),
    "keeps_up": (
        "本机恢复跟上：要求每秒 {asked} 次分析，实际 {done} 次。",
        "the machine keeps up again: {asked} looks a second were asked for, {done} are done.",
    ),
    "held": (
        "磁盘已满，发现暂存在内存中，有空间后保存。",
        "the disk is full; findings are held in memory until there is room.",
    ),
    "held_over": (
        "磁盘恢复，暂存的发现已保存。",
        "there is room again; the held findings are kept.",
    ),
    "room_full": (
        "发件箱已满：录像和重复发现已让出空间，新的重复发现只计数不保存；首次发现照常保存。请恢复网络或增大 ANXUN_EDGE_OUTBOX_BUDGET_BYTES。",
        "the outbox is full: clips and repeated sightings gave way, new repeated ones are counted and not kept; first findings are"
        " kept as ever. Mend the line, or raise ANXUN_EDGE_OUTBOX_BUDGET_BYTES.",
    ),
    "room_there": (
        "发件箱又有空间，重复发现恢复保存。",
        "the outbox has room again; repeated sightings are kept.",
    ),
    "watch_done": (
        "分析 {frames} 帧，确认 {findings} 条发现。",
        "{frames} frames analysed, {findings} findings confirmed.",
    ),
    "help_watch": (
        "观看摄像头：一个来源，或用 --cameras 指定的摄像头文件。",
        "Watch a camera, or those of a file with --cameras.",
    ),
    "help_source": (
        "视频文件、rtsp://…、http://…（MJPEG 或快照）或摄像头编号",
        "a video file, rtsp://…, http://… (MJPEG or snapshot), or a camera number",
    ),
    "help_cameras": ("摄像头文件（TOML）", "the file of cameras (TOML)"),
    "help_camera": ("摄像头名称（记入台账）", "the camera's name (goes into the ledger)"),
    "help_way": (
        "解码方式：auto 自动、full 全部、sampled 抽帧、key 仅关键帧",
        "how much is decoded: auto, full, sampled, or key frames only",
    ),
    "help_transport": ("RTSP 传输：tcp 或 udp", "RTSP over tcp or udp"),
    "one_or_many": (
        "请给出一个来源和 --camera 名称，或只给 --cameras 文件。",
        "name either a source with --camera NAME, or --cameras FILE alone.",
    ),
    "help_k": ("最近 n 帧中至少 k 帧可见才确认", "frames of the last n that must show it"),
    "help_n": ("确认所看的帧数", "frames that confirmation looks at"),
    "help_fps": ("每秒分析的帧数", "frames analysed a second"),
    "help_for": ("观看多少秒后结束", "end after so many seconds"),
    "help_started": (
        "视频开始的时间（ISO 8601，默认：文件修改时间减去时长）",
        "when the video file begins (ISO 8601; default: the file's last change less its length)",
    ),
}
