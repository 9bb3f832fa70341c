"""Addresses that must never be kept nor given, and the names that lie.

Each is what a platform, or whoever speaks in its name, could type. The host `pa.example` is admitted; `RESEAU` says
where each name leads.
"""

HOTES = frozenset(
    {
        "pa.example",
        "interne.example",
        "boucle.example",
        "mixte.example",
        "mappe.example",
        "six.example",
        "nat.example",
        "lien.example",
        "azure.example",
        "operateur.example",
        "rebond.example",
        "vide.example",
        "xn--pa-exmple-3za.example",
    }
)
PUBLIQUE = "192.31.196.1"
RESEAU = {
    "pa.example": [PUBLIQUE, "2a00:1450:4007:80e::2003"],
    "interne.example": ["10.1.2.3"],
    "boucle.example": ["127.0.0.1"],
    "mixte.example": [PUBLIQUE, "192.168.0.10"],
    "mappe.example": ["::ffff:169.254.169.254"],
    "six.example": ["2002:a00:1::1"],
    "nat.example": ["64:ff9b::a9fe:a9fe"],
    "lien.example": ["fe80::1%eth0"],
    "azure.example": ["168.63.129.16"],
    "operateur.example": ["100.100.100.200"],
    "vide.example": [],
}
#: A name that answers a public address once, then the metadata of the machine that asks.
REBOND = [[PUBLIQUE], ["169.254.169.254"]]

HOSTILES = [
    # Not https, or not an address.
    "http://pa.example/client",
    "ftp://pa.example/client",
    "file:///etc/passwd",
    "gopher://pa.example/_GET",
    "javascript:alert(1)",
    "data:text/html,client",
    "//pa.example/client",
    "pa.example/client",
    "https:/pa.example/client",
    "https:pa.example",
    "https://",
    "https:///client",
    "",
    # Userinfo: what is read is not where it goes.
    "https://pa.example@169.254.169.254/client",
    "https://user:motdepasse@pa.example/client",
    "https://pa.example:443@127.0.0.1/client",
    "https://pa.example%40127.0.0.1/client",
    # Ports.
    "https://pa.example:22/client",
    "https://pa.example:8443/client",
    "https://pa.example:0/client",
    "https://pa.example:65536/client",
    "https://pa.example:/client",
    "https://pa.example:443:80/client",
    # IP addresses, in every spelling.
    "https://127.0.0.1/client",
    "https://127.1/client",
    "https://2130706433/client",
    "https://0x7f000001/client",
    "https://0177.0.0.1/client",
    "https://0.0.0.0/client",
    "https://10.0.0.1/client",
    "https://192.168.1.1/client",
    "https://169.254.169.254/latest/meta-data",
    "https://8.8.8.8/client",
    "https://[::1]/client",
    "https://[::ffff:127.0.0.1]/client",
    "https://[::ffff:a9fe:a9fe]/client",
    "https://[fe80::1%25eth0]/client",
    "https://[fd00:ec2::254]/client",
    "https://[64:ff9b::7f00:1]/client",
    "https://①②⑦.⓪.⓪.①/client",
    # Names of an inside.
    "https://localhost/client",
    "https://localhost.localdomain/client",
    "https://metadata.google.internal/computeMetadata",
    "https://intranet/client",
    "https://pa.local/client",
    "https://pa.example./client",
    # Look-alikes, and names that are not names.
    "https://pа.example/client",
    "https://ｐａ.example/client",
    "https://pa。example/client",
    "https://xn--zzzz--.example/client",
    "https://pa..example/client",
    "https://-pa.example/client",
    "https://autre.example/client",
    "https://pa.example.autre.example/client",
    # Redirections and readings that differ from one library to another.
    "https://pa.example/r?url=http://169.254.169.254/",
    "https://pa.example/r#@127.0.0.1/",
    "https://pa.example/http://127.0.0.1/",
    "https://pa.example\\@127.0.0.1/client",
    "https://pa.example/../../admin",
    "https://pa.example/%2e%2e/admin",
    "https://pa.example//127.0.0.1/client",
    "https://pa.example/client\r\nHost: 127.0.0.1",
    "https://pa.example/cli ent",
    "https://pa.example\t/client",
    "https://pa.exa\u00admple/client",
    "https://pa.example/" + "a" * 300,
    # Names that lie.
    "https://interne.example/client",
    "https://boucle.example/client",
    "https://mixte.example/client",
    "https://mappe.example/client",
    "https://six.example/client",
    "https://nat.example/client",
    "https://lien.example/client",
    "https://azure.example/client",
    "https://operateur.example/client",
]
