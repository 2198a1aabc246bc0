"""What a running box says of itself: `status`, the local page, the service, the server's configuration and models."""

BOX: dict[str, tuple[str, str]] = {
    "page_unavailable": (
        "本地页面无法在 {host}:{port} 打开：{reason}。继续观看；请用 ANXUN_EDGE_PAGE_PORT 另选端口。",
        "the local page cannot listen on {host}:{port}: {reason}. Watching goes on; choose another ANXUN_EDGE_PAGE_PORT",
    ),
    "page_at": ("本地页面：{url}", "local page: {url}"),
    "help_page": (
        "本地页面的端口（实时画面、状态、/metrics）；0 表示任意空闲端口",
        "port of the local page (live pictures, state, /metrics); 0: any free one",
    ),
    "help_log": ("日志格式：text 或 json", "log form: text or json"),
    "service_status": (
        "{cameras} 路摄像头，{blind} 路看不见；{waiting} 条发现待送",
        "{cameras} cameras, {blind} blind; {waiting} findings wait",
    ),
    "signature_refused": (
        "服务器不接受本设备的签名（{code}）：{detail}。上传已停止，所有发现都保留在本机；请用新的登记码重新登记本设备。",
        "the server does not accept this device's signature ({code}): {detail}. Delivery has stopped and all findings are kept here;"
        " enrol again with a new code of the same enterprise",
    ),
    "key_unusable": (
        "本设备的密钥 {path} 无法使用：{reason}。请恢复该文件，或删除它并用新的登记码重新登记。",
        "the key of this device, {path}, cannot be used: {reason}. Bring the file back, or remove it and enrol again with a new code",
    ),
    "clock_jumped": (
        "本机时钟被拨动了 {seconds} 秒；已知的偏差随之更正，并重新与服务器比对。",
        "this machine's clock jumped by {seconds} s; what is known of it is corrected, and it is compared with the server again.",
    ),
    # status
    "watch_running": (
        "观看正在运行（进程 {pid}，已 {up}，{age}前更新）",
        "watching (process {pid}, for {up}, updated {age} ago)",
    ),
    "watch_mute": (
        "观看正在运行（进程 {pid}），但磁盘写不进去，以下状态停留在 {age}前",
        "the watch runs (process {pid}), but the disk does not take its state: what follows is {age} old",
    ),
    "disk_is_full": (
        "磁盘已满（剩余 {mb} MB）：新的发现只能暂存内存，请尽快腾出空间",
        "the disk is full ({mb} MB left): new findings can only be held in memory; make room",
    ),
    "watch_stuck": (
        "观看进程 {pid} 没有响应，最后更新于 {age}前",
        "the watch, process {pid}, does not respond; last updated {age} ago",
    ),
    "watch_stopped": (
        "观看没有运行，最后更新于 {age}前（{at}）",
        "nothing watches; last updated {age} ago ({at})",
    ),
    "watch_never": ("本机还没有观看过摄像头", "no watch has run here"),
    "cameras_title": ("摄像头", "cameras"),
    "column_camera": ("摄像头", "camera"),
    "column_sight": ("状态", "state"),
    "column_frame": ("最近画面", "last frame"),
    "column_today": ("今天看见 / 看不见", "today seen / blind"),
    "column_looks": ("分析 / 上报", "looks / told"),
    "column_decoded": ("解码", "decoded"),
    "column_source": ("来源", "source"),
    "sight_since": ("{sight}（{span}）", "{sight} ({span})"),
    "short_seeing": ("正常", "sees"),
    "short_absent": ("没有画面", "no picture"),
    "short_black": ("全黑", "black"),
    "short_frozen": ("冻结", "frozen"),
    "short_covered": ("被遮挡", "covered"),
    "short_blurred": ("模糊", "blurred"),
    "short_moved": ("朝向变了", "moved"),
    "row_model": ("模型", "model"),
    "row_disk": ("可用磁盘", "free disk"),
    "row_disk_full": ("磁盘曾写满", "disk was full"),
    "row_memory": ("内存", "memory"),
    "row_page": ("本地页面", "local page"),
    "row_configuration": ("摄像头配置", "cameras from"),
    "row_jumps": ("时钟跳变", "clock jumps"),
    "jumps_cell": ("{n} 次，最近一次 {seconds} 秒（{at}）", "{n}, the last by {seconds} s ({at})"),
    "row_left_out": ("空间不足未保存", "left out for want of room"),
    "left_out_now": (
        "{n} 条重复发现；发件箱已满，只保存首次发现",
        "{n} repeated sightings; the outbox is full, first findings alone are kept",
    ),
    "left_out_before": ("{n} 条重复发现", "{n} repeated sightings"),
    "row_trouble": ("送达故障", "delivery trouble"),
    "from_server": ("服务器第 {version} 版", "version {version} of the server"),
    "from_file": ("本机文件", "this box's file"),
    "from_command": ("命令行", "the command line"),
    "refused_version": (
        "{origin}；第 {version} 版被拒绝：{reason}",
        "{origin}; version {version} refused: {reason}",
    ),
    "seconds": ("{n} 秒", "{n} s"),
    "minutes": ("{n} 分钟", "{n} min"),
    "hours": ("{n} 小时", "{n} h"),
    "days": ("{n} 天", "{n} d"),
    # what the server wants
    "remote_taken": (
        "已采用服务器的摄像头配置第 {version} 版。",
        "the server's cameras are watched now, version {version}.",
    ),
    "remote_refused": (
        "服务器的摄像头配置第 {version} 版无法使用：{reason}。继续按上一次可用的配置观看。",
        "version {version} of the server's cameras cannot be used: {reason}. Watching goes on with the last good one.",
    ),
    "model_switched": (
        "改用模型 {name} {version}（{sha256}），试跑每张 {ms} 毫秒；旧模型保留。",
        "looking with {name} {version} ({sha256}) now, {ms} ms a picture in its trial; the old one is kept.",
    ),
    "model_current": ("{sha256}  正在使用", "{sha256}  in use"),
    "model_previous": ("{sha256}  上一个", "{sha256}  the one before"),
    "model_kept": ("{sha256}", "{sha256}"),
    "model_refused": ("{sha256}  不使用：{reason}", "{sha256}  not used: {reason}"),
    "model_chosen": (
        "将使用模型 {sha256}；正在运行的观看会在数秒内切换。",
        "{sha256} is used from now on; a running watch takes it within seconds.",
    ),
    "model_no_previous": ("没有上一个模型可退回。", "there is no model to go back to."),
    "help_models": ("本机的模型。", "The models of this box."),
    "help_model_list": (
        "显示本机的模型，以及不使用的原因。",
        "Show the models of this box, and why some are not used.",
    ),
    "help_model_use": ("改用本机的另一个模型。", "Run another model of this box."),
    "help_model_rollback": ("退回上一个模型。", "Run the model before this one again."),
    "help_sha256": (
        "模型文件的 SHA-256；shipped 表示随附模型",
        "SHA-256 of the model's file; shipped: the one that came with the program",
    ),
    # service
    "help_install_service": (
        "安装 systemd 服务文件（不启用；会提示下一步）。",
        "Install the files of a systemd service (it is not enabled; the next steps are shown).",
    ),
    "help_root": ("安装到这个根目录下（用于制作镜像）", "install under this root (for images)"),
    "help_print": ("只打印服务文件", "only print the unit"),
    "service_file": ("已写入 {path}", "wrote {path}"),
    "service_kept": ("已存在，未改动：{path}", "left as it is: {path}"),
    "service_next": (
        "下一步：\n"
        "  1. 登记本机：sudo -u anxun-edge ANXUN_EDGE_DATA_DIR={state} {program} enrol 服务器地址 登记码 --name 名称\n"
        "  2. 编辑 {cameras}（或在服务器上为本机配置摄像头）\n"
        "  3. 启用：systemctl enable --now anxun-edge\n"
        "  4. 查看：sudo -u anxun-edge ANXUN_EDGE_DATA_DIR={state} {program} status；journalctl -u anxun-edge",
        "Next:\n"
        "  1. enrol: sudo -u anxun-edge ANXUN_EDGE_DATA_DIR={state} {program} enrol URL CODE --name NAME\n"
        "  2. edit {cameras} (or set the cameras of this box on the server)\n"
        "  3. enable: systemctl enable --now anxun-edge\n"
        "  4. look: sudo -u anxun-edge ANXUN_EDGE_DATA_DIR={state} {program} status; journalctl -u anxun-edge",
    ),
    "service_hidden": (
        "程序 {program} 位于用户目录下，服务看不到（ProtectHome）。请安装到 /opt 等目录，再运行一次 install-service。",
        "{program} lies in a home, which the service cannot see (ProtectHome): install the program elsewhere, such as /opt, and run"
        " install-service again",
    ),
    "service_failed": (
        "无法安装服务：{reason}。请以 root 运行，或用 --root 指定目录。",
        "the service cannot be installed: {reason}. Run as root, or name a folder with --root",
    ),
}
