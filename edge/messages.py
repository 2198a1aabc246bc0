"""What the edge program says, in Chinese and English. One catalogue; a test keeps both languages complete."""

from typing import Literal

from edge.box_messages import BOX
from edge.doctor_messages import DOCTOR
from edge.neighbour_messages import NEIGHBOURS
from edge.watch_messages import WATCH

Language = Literal["zh", "en"]
LogForm = Literal["text", "json"]

MESSAGES: dict[str, tuple[str, str]] = {
    **BOX,
    **DOCTOR,
    **NEIGHBOURS,
    **WATCH,
    # errors
    "error": ("出错了：{reason}", "something went wrong: {reason}"),
    "folder_missing": (
        "没有这个照片文件夹：{folder}",
        "there is no folder {folder}; name the folder that holds the photos",
    ),
    "zones_invalid": (
        "区域文件 {path} 无法使用：{reason}",
        "the zones file {path} cannot be used: {reason}",
    ),
    "hazard_invalid": (
        "隐患代码 {code} 未知，或无法由图像识别。可用的代码：{known}",
        "hazard code {code} is unknown or cannot be seen in a picture. Known here: {known}",
    ),
    "hazard_off": (
        "隐患 {code} 依靠标签 {label} 识别，该标签仍属试验性，默认关闭。确要使用，请加 --experimental {label}，服务请设置 ANXUN_EDGE_EXPERIMENTAL。",
        "{code} rests on the label {label}, which is experimental and off. To look for it all the same add"
        " --experimental {label}, for a service to ANXUN_EDGE_EXPERIMENTAL",
    ),
    "camera_refused": ("摄像头 {camera}：{cause}", "camera {camera}: {cause}"),
    "label_invalid": (
        "模型没有标签 {label}。可用的标签：{known}；all 表示全部试验性标签。",
        "the model has no label {label}. It has: {known}; all means every experimental one",
    ),
    "model_unusable": ("模型无法使用：{reason}", "the model cannot be used: {reason}"),
    "source_invalid": ("无法读取 {source}：{reason}", "cannot watch {source}: {reason}"),
    "not_enrolled": (
        "本设备尚未登记（{data_dir}）。请先运行：anxun-edge enrol 服务器地址 登记码 --name 名称；或加 --offline 先离线巡查。",
        "this device is not enrolled ({data_dir}). Run first: anxun-edge enrol URL CODE --name NAME;"
        " or add --offline to look now and deliver later",
    ),
    "state_busy": (
        "另一个进程（{pid}）正在这个数据目录 {data_dir} 中运行 {work}。请等它结束，或用 ANXUN_EDGE_DATA_DIR 指定另一个目录。",
        "another process ({pid}) runs {work} on the state folder {data_dir}. Wait until it ends,"
        " or set ANXUN_EDGE_DATA_DIR to another folder",
    ),
    "disk_full": (
        "磁盘已满（{folder}）。已完成的部分都已保存；腾出空间后重新运行同一命令即可继续。",
        "the disk is full ({folder}). Everything so far is kept; make room and run the same command again to go on",
    ),
    "budget_used_up": (
        "待送内容已用完磁盘预算（{folder}），没有可以让出的内容。已完成的部分都已保存，照片仍在原文件夹；联网送达（anxun-edge deliver）后重新运行同一命令即可继续。",
        "what waits has used up its disk budget ({folder}) and nothing of it can give way. Everything so far is kept and the photos"
        " stay in their folder; deliver (anxun-edge deliver) and run the same command again to go on",
    ),
    "outbox_unusable": (
        "发件箱 {folder} 无法使用：{reason}",
        "the outbox {folder} cannot be used: {reason}",
    ),
    "refused": (
        "服务器拒绝（{status} {code}）：{detail}。所有发现都保留在本机。",
        "the server refuses ({status} {code}): {detail}. All findings are kept here",
    ),
    "device_revoked": (
        "服务器不再接受本设备的令牌（{status} {code}）。上传已停止，所有发现都保留在本机；请用新的登记码重新登记本设备。",
        "the server no longer accepts this device's token ({status} {code}). Delivery has stopped and all findings"
        " are kept here; enrol again with a new code of the same enterprise",
    ),
    "enrolment_refused": (
        "登记被拒绝（{status} {code}）：{detail}。请核对登记码，或索取新的登记码。",
        "enrolment was refused ({status} {code}): {detail}. Check the code or ask for a new one",
    ),
    "other_enterprise": (
        "这个数据目录属于{mine}，登记码属于{theirs}。请用 ANXUN_EDGE_DATA_DIR 为另一家企业指定另一个目录。",
        "this state folder belongs to {mine}, the code to {theirs}. Set ANXUN_EDGE_DATA_DIR to another folder"
        " for another enterprise",
    ),
    "server_away": (
        "服务器 {url} 暂时无法连接：{reason}",
        "the server {url} is away: {reason}",
    ),
    "evidence_damaged": (
        "证据文件 {sha256} 已损坏：{reason}",
        "the evidence file {sha256} is damaged: {reason}",
    ),
    # commands
    "enrolled": (
        "已登记为“{device}”，企业：{enterprise}",
        "enrolled as “{device}” of {enterprise}",
    ),
    "runs_on": (
        "模型运行于 {runtime}，精度 {precision}。",
        "the model runs on {runtime} in {precision}.",
    ),
    "row_runs_on": ("上次运行于", "last ran on"),
    "looks_for": (
        "模型 {model} 查找：{codes}。",
        "{model} looks for {codes}.",
    ),
    "nothing_on": ("（无）", "nothing"),
    "on_trial": (
        "试验性，已启用：{codes}。误报会更多，请人工核对。",
        "Experimental, switched on: {codes}. Expect more to dismiss.",
    ),
    "off": (
        "试验性，未启用：{codes}。启用：--experimental 标签，或 ANXUN_EDGE_EXPERIMENTAL。",
        "Experimental, off: {codes}. Switch on with --experimental LABEL or ANXUN_EDGE_EXPERIMENTAL.",
    ),
    "no_photos": (
        "{folder} 中没有照片（JPEG、PNG、WebP、HEIC）。",
        "no photos (JPEG, PNG, WebP, HEIC) in {folder}.",
    ),
    "walking": ("巡查照片", "photos"),
    "photo_failed": ("{path}：{error}，{reason}", "{path}: {error}, {reason}"),
    "patrol_done": (
        "共 {total} 张照片：有发现 {found}，无发现 {clear}，重复 {copy}，无法读取 {failed}，以前已处理 {before}。新发现 {findings} 条。",
        "{total} photos: {found} with findings, {clear} clear, {copy} copies, {failed} failed, {before} done before."
        " {findings} new findings.",
    ),
    "interrupted": (
        "已中断；已完成的都已保存，重新运行同一命令即可继续。",
        "interrupted; what is done is kept, run the same command again to go on.",
    ),
    "delivered": (
        "已送达：新入账 {recorded}，已在账 {duplicates}，被拒 {rejected}；待送 {waiting}。",
        "delivered: {recorded} recorded, {duplicates} already there, {rejected} rejected; {waiting} still wait.",
    ),
    "waits": (
        "{waiting} 条发现保存在本机，服务器恢复后运行 anxun-edge deliver 即可送达。",
        "{waiting} findings are kept here; anxun-edge deliver sends them when the server is back.",
    ),
    "other_delivers": (
        "另一个进程正在送达，本进程的发现由它一并送达。",
        "another process is delivering, these findings included.",
    ),
    # status
    "status_title": ("安巡边缘端状态", "anxun edge status"),
    "row_state": ("数据目录", "state folder"),
    "row_device": ("设备", "device"),
    "row_enterprise": ("企业", "enterprise"),
    "row_server": ("服务器", "server"),
    "row_none": ("未登记", "not enrolled"),
    "row_drafts": ("发现", "findings"),
    "drafts_cell": (
        "待送 {waiting} · 已送达 {delivered} · 被拒 {rejected}",
        "{waiting} waiting · {delivered} delivered · {rejected} rejected",
    ),
    "row_evidence": ("本机证据", "evidence kept here"),
    "evidence_cell": ("{mb} MB，其中 {waiting} 个待上传", "{mb} MB, {waiting} files to upload"),
    "row_photos": ("照片", "photos"),
    "photos_cell": (
        "有发现 {found} · 无发现 {clear} · 重复 {copy} · 无法读取 {failed}",
        "{found} with findings · {clear} clear · {copy} copies · {failed} failed",
    ),
    "row_clock": ("时钟偏差", "clock offset"),
    "clock_cell": ("{offset} 秒（{at} 测得）", "{offset} s (measured {at})"),
    "never": ("从未", "never"),
    "row_looks_for": ("上次查找", "last looked for"),
    "row_off": ("试验性，未启用", "experimental, off"),
    "row_last": ("上次送达", "last delivery"),
    "rejected_title": ("被拒的发现", "rejected findings"),
    "failed_title": ("无法读取的照片", "photos that failed"),
    "column_id": ("编号", "id"),
    "column_code": ("代码", "code"),
    "column_reason": ("原因", "reason"),
    "column_path": ("路径", "path"),
    "column_error": ("错误", "error"),
    # help
    "help_app": (
        "安巡边缘端：在照片和摄像头画面中寻找隐患，先保存在本机，再送达企业台账。",
        "anxun's edge program: looks for hazards in photos and cameras, keeps findings here first, then delivers them.",
    ),
    "help_lang": ("界面语言：zh 或 en", "language: zh or en"),
    "help_enrol": ("用一次性登记码登记本设备。", "Enrol this device with a one-time code."),
    "help_url": (
        "服务器地址，例如 https://anxun.example",
        "the server, such as https://anxun.example",
    ),
    "help_code": ("一次性登记码", "the one-time enrolment code"),
    "help_name": ("设备名称", "the device's name"),
    "help_patrol": (
        "巡查一个照片文件夹（JPEG、PNG、WebP、HEIC，含子文件夹）；可随时中断并继续。",
        "Walk a folder of photos (JPEG, PNG, WebP, HEIC; with subfolders); may be cut off and resumed.",
    ),
    "help_folder": ("照片文件夹", "the folder of photos"),
    "help_zones": ("区域文件（TOML 或 JSON）", "zones file (TOML or JSON)"),
    "help_hazard": ("只查这些隐患代码（可多次）", "look for this hazard code only (repeatable)"),
    "help_experimental": (
        "启用这个试验性标签（可多次；all 表示全部）",
        "switch on this experimental label (repeatable; all: every one)",
    ),
    "help_tiles": (
        "另按这个边长（像素）切块查看，以发现远处的小目标；更慢",
        "also look at tiles of this side (pixels), for what is far and small; slower",
    ),
    "help_model": (
        "模型描述文件 NAME.json（默认：随附模型）",
        "the model's NAME.json (default: the shipped model)",
    ),
    "help_offline": ("不联系服务器，稍后送达", "do not talk to the server; deliver later"),
    "help_deliver": ("把保存的发现送达服务器。", "Deliver kept findings to the server."),
    "help_wait": ("一直重试，直到全部送达", "keep trying until nothing waits"),
    "help_status": ("显示本机状态。", "Show what this device has and what waits."),
    "help_json": ("以 JSON 输出", "print JSON"),
}


def say(lang: Language, key: str, **facts: object) -> str:
    """Return a message with its facts filled in."""
    chinese, english = MESSAGES[key]
    return (chinese if lang == "zh" else english).format(**facts)
