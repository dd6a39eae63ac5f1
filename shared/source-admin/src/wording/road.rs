//! The table's first part: the way to WeCom, and through an agent.

use super::{Entry, entry};

pub(super) const ROAD: &[Entry] = &[
    // On the way to the agent, and through it.
    entry(
        "name_unknown",
        (
            "nobody knows the host name",
            "check the spelling of the address, and the name servers",
        ),
        ("主机名无法解析", "请检查地址拼写和 DNS 设置"),
    ),
    entry(
        "bad_agent_url",
        (
            "the agent's address is none",
            "enter it as http://host:port or https://host:port",
        ),
        (
            "代理地址无效",
            "请填写 http://主机:端口 或 https://主机:端口",
        ),
    ),
    entry(
        "forbidden_address",
        (
            "the name leads to a link-local address or a metadata service, which is never asked",
            "enter the address of the agent, or of WeCom's server, itself",
        ),
        (
            "该主机名指向链路本地地址或元数据服务，系统不会访问",
            "请填写代理或企业微信服务器本身的地址",
        ),
    ),
    entry(
        "connect_refused",
        (
            "the machine is there and nothing listens on that port",
            "check the port, and that the agent runs",
        ),
        (
            "主机可达，但该端口没有服务在监听",
            "请检查端口，并确认代理正在运行",
        ),
    ),
    entry(
        "connect_timeout",
        (
            "no connection came about in time",
            "check the address, and that no firewall drops the packets on the way",
        ),
        ("连接超时", "请检查地址，并确认途中没有防火墙丢弃数据包"),
    ),
    entry(
        "proxy_auth_required",
        (
            "the agent refuses its user name and password (407)",
            "put the agent again with the right user name and password",
        ),
        (
            "代理拒绝了用户名和密码（407）",
            "请用正确的用户名和密码重新保存该代理",
        ),
    ),
    entry(
        "proxy_forbidden",
        (
            "the agent does not let this connection through (403)",
            "allow it to connect to the host and port of base_url, and look at its log",
        ),
        (
            "代理不允许这个连接（403）",
            "请在代理上放行 base_url 的主机和端口，并查看代理日志",
        ),
    ),
    entry(
        "proxy_bad_gateway",
        (
            "the agent itself cannot reach WeCom",
            "check the agent's own way to the internet and its name servers",
        ),
        (
            "代理自身无法连接企业微信",
            "请检查代理的外网出口和 DNS 设置",
        ),
    ),
    entry(
        "proxy_refused",
        (
            "the agent refuses to make the connection",
            "allow it to connect to the host and port of base_url, and look at its log",
        ),
        (
            "代理拒绝建立连接",
            "请在代理上放行 base_url 的主机和端口，并查看代理日志",
        ),
    ),
    entry(
        "no_agent",
        (
            "no agent could be used",
            "check that the agent runs, that it can be reached from here, and what it permits",
        ),
        (
            "没有可用的代理",
            "请检查代理是否运行、能否从这里访问，以及它的放行规则",
        ),
    ),
    entry(
        "unreachable",
        (
            "it cannot be reached from here",
            "check the address and the network on the way to it",
        ),
        ("从这里无法到达该地址", "请检查地址以及到它的网络"),
    ),
    entry(
        "agent_tls",
        (
            "no trusted TLS connection to the https agent came about",
            "check the agent's certificate; a private CA belongs in the file that SSL_CERT_FILE \
             names",
        ),
        (
            "无法与 https 代理建立受信任的 TLS 连接",
            "请检查代理的证书；私有 CA 请放入 SSL_CERT_FILE 指定的文件",
        ),
    ),
    entry(
        "tls_untrusted",
        (
            "WeCom's certificate was issued by somebody whom nobody here trusts",
            "see whether something on the way opens TLS connections; a private CA belongs in the \
             file that SSL_CERT_FILE names",
        ),
        (
            "企业微信服务器证书的签发者不受信任",
            "请确认途中没有设备解密 TLS；私有 CA 请放入 SSL_CERT_FILE 指定的文件",
        ),
    ),
    entry(
        "tls_wrong_name",
        (
            "WeCom's certificate is for another host name",
            "check base_url, and that nothing else answers in its place",
        ),
        (
            "服务器证书与主机名不符",
            "请检查 base_url，并确认应答的确实是企业微信",
        ),
    ),
    entry(
        "tls_expired",
        (
            "WeCom's certificate is not valid now",
            "renew it where the server is yours; else see what answers in WeCom's place",
        ),
        (
            "服务器证书已过期或尚未生效",
            "若服务器由贵方维护请更新证书，否则请确认应答的确实是企业微信",
        ),
    ),
    entry(
        "tls",
        (
            "no trusted TLS connection came about",
            "check the certificates of WeCom and of an https agent; a private CA belongs in the \
             file that SSL_CERT_FILE names",
        ),
        (
            "无法建立受信任的 TLS 连接",
            "请检查企业微信和 https 代理的证书；私有 CA 请放入 SSL_CERT_FILE 指定的文件",
        ),
    ),
    entry(
        "no_answer",
        (
            "the connection was made and no answer came in time",
            "check again; if it lasts, check the agent and its way to WeCom",
        ),
        (
            "连接已建立，但没有及时收到应答",
            "请再检查一次；若持续出现，请检查代理及其到企业微信的网络",
        ),
    ),
    entry(
        "not_wecom",
        (
            "what answers at base_url does not speak like WeCom",
            "check base_url, and that no login page or filter stands between the agent and WeCom",
        ),
        (
            "base_url 上的应答不是企业微信的格式",
            "请检查 base_url，并确认代理与企业微信之间没有登录页或内容过滤",
        ),
    ),
    entry(
        "bad_base_url",
        (
            "base_url is no address of a WeCom server",
            "enter its origin, such as https://qyapi.weixin.qq.com",
        ),
        (
            "base_url 不是企业微信服务器地址",
            "请填写服务器地址，例如 https://qyapi.weixin.qq.com",
        ),
    ),
];
