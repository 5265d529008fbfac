"""Works with files in a guest of the lab by pyVmomi, and prints what it saw as one line of JSON.

Arguments: URL, user, files with the passwords of the server, of the guest's root and of its ordinary account.
"""
import datetime
import hashlib
import json
import ssl
import sys
import urllib.error
import urllib.request

from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim, vmodl

url, user, *password_files = sys.argv[1:]
authority = url.removeprefix("https://")
host, port = authority.rsplit(":", 1)
server_password, root_password, user_password = [open(name).read().strip() for name in password_files]
tls = ssl._create_unverified_context()
seen = {}


def account(name, password):
    return vim.vm.guest.NamePasswordAuthentication(
        username=name, password=password, interactiveSession=False
    )


def fault_of(action):
    try:
        action()
        return None
    except vmodl.MethodFault as fault:
        return type(fault).__name__.split(".")[-1]


def http(method, target, body=None):
    request = urllib.request.Request(target.replace("*", host), data=body, method=method)
    try:
        with urllib.request.urlopen(request, context=tls) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, b""


service = SmartConnect(host=host, port=int(port), user=user, pwd=server_password, sslContext=tls)
content = service.content
view = content.viewManager.CreateContainerView(content.rootFolder, [vim.VirtualMachine], True)
vms = {vm.name: vm for vm in view.view}
web01 = vms["web01"]
files = content.guestOperationsManager.fileManager
logins = content.guestOperationsManager.authManager
root, ordinary = account("root", root_password), account("user", user_password)

seen["wrongPassword"] = fault_of(
    lambda: logins.ValidateCredentialsInGuest(web01, account("root", "wrong"))
)
seen["poweredOff"] = fault_of(lambda: logins.ValidateCredentialsInGuest(vms["archive01"], root))
logins.ValidateCredentialsInGuest(web01, root)
logins.ValidateCredentialsInGuest(web01, ordinary)
seen["unprivileged"] = fault_of(lambda: files.MakeDirectoryInGuest(web01, ordinary, "/etc/foreign", False))

files.MakeDirectoryInGuest(web01, root, "/etc/foreign", False)
body = hashlib.sha512(b"seed").digest() * 4688
body = body[:300_000]
seen["content"] = hashlib.sha256(body).hexdigest()
attributes = vim.vm.guest.FileManager.PosixFileAttributes(ownerId=12, groupId=34, permissions=0o640)
target = files.InitiateFileTransferToGuest(
    web01, root, "/etc/foreign/new.bin", attributes, len(body), False
)
seen["upload"] = http("PUT", target, body)[0]
seen["tokenAgain"] = http("PUT", target, body)[0]
seen["uploadAgain"] = fault_of(
    lambda: files.InitiateFileTransferToGuest(
        web01, root, "/etc/foreign/new.bin", attributes, len(body), False
    )
)
listed = files.ListFilesInGuest(web01, root, "/etc/foreign/new.bin").files[0]
seen["listed"] = {
    "type": listed.type,
    "size": listed.size,
    "owner": listed.attributes.ownerId,
    "group": listed.attributes.groupId,
    "permissions": listed.attributes.permissions,
}
link = files.ListFilesInGuest(web01, root, "/home/user", matchPattern="^to-numbers$").files[0]
seen["symlink"] = {"type": link.type, "target": link.attributes.symlinkTarget}

files.MoveFileInGuest(web01, root, "/etc/foreign/new.bin", "/etc/foreign/moved.bin", False)
seen["moved"] = [
    entry.path
    for entry in files.ListFilesInGuest(web01, root, "/etc/foreign").files
    if not entry.path.startswith(".")
]
moment = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
files.ChangeFileAttributesInGuest(
    web01,
    root,
    "/etc/foreign/moved.bin",
    vim.vm.guest.FileManager.PosixFileAttributes(
        ownerId=1000, permissions=0o600, modificationTime=moment
    ),
)
changed = files.ListFilesInGuest(web01, root, "/etc/foreign/moved.bin").files[0].attributes
seen["changed"] = {
    "owner": changed.ownerId,
    "permissions": changed.permissions,
    "time": changed.modificationTime.isoformat(),
}
granted = files.InitiateFileTransferFromGuest(web01, root, "/etc/foreign/moved.bin")
status, downloaded = http("GET", granted.url)
seen["downloaded"] = status == 200 and downloaded == body and granted.size == len(body)
granted = files.InitiateFileTransferFromGuest(web01, ordinary, "/etc/os-release")
seen["imageFile"] = http("GET", granted.url)[1].decode()

temporary = files.CreateTemporaryFileInGuest(web01, root, "foreign-", ".tmp", "/etc/foreign")
seen["temporary"] = temporary.startswith("/etc/foreign/foreign-") and temporary.endswith(".tmp")
files.DeleteFileInGuest(web01, root, temporary)
target = files.InitiateFileTransferToGuest(
    web01, root, "/etc/foreign/kept.bin", vim.vm.guest.FileManager.PosixFileAttributes(), 0, False
)
http("PUT", target, b"")
seen["left"] = [
    entry.path
    for entry in files.ListFilesInGuest(web01, root, "/etc/foreign").files
    if not entry.path.startswith(".")
]
# Which disk of the VM a file system is on is told since version 7 of the API, and older clients do not ask.
seen["disks"] = [
    [disk.diskPath, disk.mappings[0].key if hasattr(disk, "mappings") else None] for disk in web01.guest.disk
]
Disconnect(service)
print(json.dumps(seen))
