"""What `anxun-edge doctor` says, in Chinese and English."""

DOCTOR: dict[str, tuple[str, str]] = {
    "choice_stale": (
        "doctor 的选择不再适用（{changes}）。请重新运行 anxun-edge doctor；或设置 ANXUN_EDGE_RUNTIME=auto，不用它的选择。",
        "doctor's choice no longer holds ({changes}). Run anxun-edge doctor again;"
        " or set ANXUN_EDGE_RUNTIME=auto to do without",
    ),
    "chosen": (
        "按 doctor 于 {at} 的选择运行：{way}，每张约 {ms} 毫秒。",
        "as doctor chose at {at}: {way}, about {ms} ms a picture.",
    ),
    "unguided": (
        "尚未测速，由 auto 决定；运行 anxun-edge doctor 可选出本机最快且不损精度的方式。",
        "nothing was timed yet, auto decides; anxun-edge doctor picks the fastest way that keeps accuracy.",
    ),
    # checks
    "doctor_checks": ("检查", "checks"),
    "column_check": ("项目", "check"),
    "column_state": ("状态", "state"),
    "column_found": ("结果与处理", "what was found, and what to do"),
    "state_ok": ("正常", "ok"),
    "state_problem": ("问题", "problem"),
    "state_unknown": ("未知", "unknown"),
    "check_model": ("模型", "model"),
    "check_enrolment": ("登记", "enrolment"),
    "check_server": ("服务器", "server"),
    "check_clock": ("时钟", "clock"),
    "check_disk": ("磁盘", "disk"),
    "check_outbox": ("发件箱", "outbox"),
    "check_camera": ("摄像头", "camera"),
    "check_choice": ("运行方式", "way to run"),
    "model_ok": (
        "{name} {version}，sha256 {sha256} 相符",
        "{name} {version}, sha256 {sha256} holds",
    ),
    "enrolment_ok": ("{device}，企业：{enterprise}", "{device} of {enterprise}"),
    "server_ok": (
        "{url} 接受本设备，{ms} 毫秒",
        "{url} accepts this device, {ms} ms",
    ),
    "server_unasked": ("登记后才能检查", "can be asked once enrolled"),
    "clock_ok": ("与服务器相差 {offset} 秒", "{offset} s from the server's"),
    "clock_off": (
        "与服务器相差 {offset} 秒。请开启时间同步（timedatectl set-ntp true），否则证据的时间不可信。",
        "{offset} s from the server's. Switch on time synchronisation (timedatectl set-ntp true), or the times of"
        " evidence cannot be trusted",
    ),
    "clock_old": (
        "日期 {date} 早于本程序的发布。请校准时钟，并检查主板电池。",
        "its date {date} is before this program was released. Set the clock and look at the board's battery",
    ),
    "clock_unknown": (
        "服务器无法连接，无从比较；上次测得的偏差：{offset}",
        "no server to compare with; offset last measured: {offset}",
    ),
    "disk_ok": ("{folder} 余 {free_gb} GB", "{free_gb} GB free at {folder}"),
    "disk_low": (
        "{folder} 仅余 {free_gb} GB（至少需要 {least_gb} GB）。请删除其他文件，或用 ANXUN_EDGE_DATA_DIR 换到更大的磁盘。",
        "only {free_gb} GB free at {folder} (at least {least_gb} GB are needed). Delete other files, or set"
        " ANXUN_EDGE_DATA_DIR to a larger disk",
    ),
    "disk_unwritable": (
        "{folder} 无法写入：{reason}。请检查权限，以及磁盘是否变为只读。",
        "{folder} cannot be written: {reason}. Look at its permissions and whether the disk became read-only",
    ),
    "outbox_ok": ("待送 {waiting}，被拒 0", "{waiting} waiting, none rejected"),
    "outbox_rejected": (
        "待送 {waiting}，被拒 {rejected}。请运行 anxun-edge status 查看原因。",
        "{waiting} waiting, {rejected} rejected. anxun-edge status says why",
    ),
    "camera_ok": ("{source}：{width} × {height}", "{source}: {width} × {height}"),
    "camera_dark": (
        "{source} 没有画面。请检查电源、网络、地址和密码。",
        "{source} shows no picture. Look at its power, network, address and password",
    ),
    "choice_ok": ("{way}，每张约 {ms} 毫秒", "{way}, about {ms} ms a picture"),
    "choice_set_by_hand": (
        "由 ANXUN_EDGE_RUNTIME 或 ANXUN_EDGE_PRECISION 指定（{way}）；doctor 的选择不会被采用。",
        "ANXUN_EDGE_RUNTIME or ANXUN_EDGE_PRECISION says what runs ({way}); doctor's choice is not followed",
    ),
    "choice_impossible": (
        "没有一种测过精度的方式能在本机运行。请安装 onnxruntime。",
        "no way whose accuracy was measured runs here. Install onnxruntime",
    ),
    "choice_not_kept": (
        "{way}，每张约 {ms} 毫秒；未保存（--dry-run）",
        "{way}, about {ms} ms a picture; not kept (--dry-run)",
    ),
    "error_said": ("{reason}", "{reason}"),
    # ways
    "doctor_ways": (
        "一次检测的中位耗时：{picture}，{width} × {height}",
        "median of a detection in {picture}, {width} × {height}",
    ),
    "picture_camera": ("摄像头 {name} 的画面", "a frame of camera {name}"),
    "picture_file": ("照片 {name}", "photo {name}"),
    "picture_evidence": ("本机最近的证据照片", "this box's newest evidence"),
    "picture_drawn": (
        "绘制的画面（用 --picture 或 --source 换成真实画面）",
        "a drawn picture (--picture or --source for a real one)",
    ),
    "column_way": ("运行时与精度", "runtime, precision"),
    "column_shapes": ("输入", "input"),
    "column_ms": ("毫秒", "ms"),
    "column_points": ("AP50 差（百分点）", "AP50 points"),
    "column_verdict": ("结论", "verdict"),
    "verdict_picked": ("选用", "picked"),
    "verdict_slower": ("可用，较慢", "good, slower"),
    "verdict_unmeasured": ("精度未测，不选", "accuracy not measured: never picked"),
    "verdict_costs": ("精度损失过大，不选", "costs too much accuracy: never picked"),
    "does_not_run": ("{way} 不可用：{reason}", "{way} does not run: {reason}"),
    "shapes_fitting": ("贴合画面", "fitting"),
    "shapes_square": ("方形", "square"),
    "shapes_compact": ("贴合画面，缩小", "compact"),
    "not_here": ("未安装：{names}", "not installed: {names}"),
    "timing": ("正在测速…", "timing …"),
    # help
    "help_doctor": (
        "检查本机，为模型的各种运行方式测速，选出最快且不损精度的一种，供 watch 和 patrol 采用。",
        "Check this machine, time the ways to run the model, and pick the fastest that keeps accuracy for watch and patrol.",
    ),
    "help_camera_source": (
        "要检查的摄像头：rtsp://… 或编号（可多次）；首个摄像头的画面用于测速",
        "a camera to check: rtsp://… or a number (repeatable); the first one's frame is timed",
    ),
    "help_picture": ("用这张照片测速", "time on this photo"),
    "help_rounds": ("每种方式计时的次数", "how often each way is timed"),
    "help_compact": (
        "也允许缩小的输入：更快，但远处的小目标漏检更多；只适合近距离摄像头",
        "small inputs too: faster, but more far and small things are missed; for near cameras only",
    ),
    "help_if_stale": (
        "已保存的选择仍适用时不再测速（用于开机自启）",
        "time nothing while the kept choice holds (for a service's start)",
    ),
    "help_dry_run": ("只检查和测速，不保存选择", "check and time, keep no choice"),
}
