"""Drives the storage side of the lab by pyVmomi and prints what it saw as one line of JSON.

Arguments: URL, user, file with the password, phase. The phase `track` switches change tracking on and takes a snapshot;
`use` does the rest, told by standard input what the first has seen.
"""
import hashlib
import json
import ssl
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim, vmodl

url, user, password_file, phase = sys.argv[1:]
authority = url.removeprefix("https://")
host, port = authority.rsplit(":", 1)
with open(password_file) as file:
    password = file.read().strip()
tls = ssl._create_unverified_context()
service = SmartConnect(host=host, port=int(port), user=user, pwd=password, sslContext=tls)
content = service.content
datacenter = content.rootFolder.childEntity[0]
view = content.viewManager.CreateContainerView(content.rootFolder, [vim.VirtualMachine], True)
vms = {vm.name: vm for vm in view.view}


def wait(task):
    while task.info.state not in ("success", "error"):
        time.sleep(0.01)
    if task.info.state == "error":
        raise task.info.error
    return task.info.result


def fault_of(action):
    try:
        action()
        return None
    except vmodl.MethodFault as fault:
        return type(fault).__name__.split(".")[-1]


def folder(method, path, datastore, body=None, headers={}):
    query = urllib.parse.urlencode({"dcPath": "Lab", "dsName": datastore})
    request = urllib.request.Request(
        f"{url}/folder/{path}?{query}",
        data=body,
        method=method,
        headers={"Cookie": service._stub.cookie.split(";")[0], **headers},
    )
    try:
        with urllib.request.urlopen(request, context=tls) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def disk_of(config):
    return next(device for device in config.hardware.device if device.key == 2000)


def areas(vm, snapshot, change_id):
    """All areas, however many answers they come in."""
    capacity = disk_of(snapshot.config).capacityInBytes
    found, offset, answers = [], 0, 0
    while offset < capacity:
        answer = vm.QueryChangedDiskAreas(snapshot, 2000, offset, change_id)
        assert answer.startOffset == offset and answer.length > 0
        found += [[area.start, area.length] for area in answer.changedArea]
        offset += answer.length
        answers += 1
    assert offset == capacity
    return {"areas": found, "answers": answers}


web01 = vms["web01"]
if phase == "track":
    wait(web01.ReconfigVM_Task(vim.vm.ConfigSpec(changeTrackingEnabled=True)))
    snapshot = wait(web01.CreateSnapshot_Task("first", "", False, False))
    print(json.dumps({"snapshot": snapshot._moId, "changeId": disk_of(snapshot.config).backing.changeId}))
    Disconnect(service)
    sys.exit()

before = json.load(sys.stdin)
seen = {"running": folder("GET", "web01/web01-000001-sesparse.vmdk", "datastore1")[0]}
first = vim.vm.Snapshot(before["snapshot"], service._stub)
second = wait(web01.CreateSnapshot_Task("second", "", False, False))
seen["second"] = second._moId
seen["changed"] = areas(web01, second, before["changeId"])
seen["allocated"] = areas(web01, second, "*")
other = before["changeId"].replace("52", "53", 1)
seen["unknownId"] = fault_of(lambda: web01.QueryChangedDiskAreas(second, 2000, 0, other))
seen["beyond"] = fault_of(lambda: web01.QueryChangedDiskAreas(second, 2000, 2**50, "*"))
status, base = folder("GET", "web01/web01-flat.vmdk", "datastore1")
seen["base"] = {"status": status, "sha256": hashlib.sha256(base).hexdigest()}
start, length = 1_000_000, 70_000
part = folder("GET", "web01/web01-flat.vmdk", "datastore1", None, {"Range": f"bytes={start}-{start + length - 1}"})
seen["part"] = part == (206, base[start : start + length])

body = bytes(range(256)) * 40_000
seen["upload"] = [
    folder("PUT", "archive01/upload.bin", "datastore2", body)[0],
    folder("GET", "archive01/upload.bin", "datastore2") == (200, body),
]
datastore = next(one for one in datacenter.datastore if one.name == "datastore2")
flags = vim.host.DatastoreBrowser.FileInfo.Details(
    fileType=True, fileSize=True, modification=True, fileOwner=False
)
spec = vim.host.DatastoreBrowser.SearchSpec(details=flags, matchPattern=["*.bin", "*.vmdk"])
results = wait(datastore.browser.SearchDatastoreSubFolders_Task("[datastore2]", spec))
seen["search"] = sorted(
    [result.folderPath, file.path, type(file).__name__.split(".")[-1], file.fileSize]
    for result in results
    for file in result.file
    if "archive01" in result.folderPath
)
wait(content.fileManager.DeleteDatastoreFile_Task("[datastore2] archive01/upload.bin", datacenter))
seen["deleted"] = folder("GET", "archive01/upload.bin", "datastore2")[0]
spec = vim.VirtualDiskManager.FileBackedVirtualDiskSpec(
    diskType="thin", adapterType="lsiLogic", capacityKb=1024
)
wait(content.virtualDiskManager.CreateVirtualDisk_Task("[datastore2] archive01/more.vmdk", datacenter, spec))
seen["diskUuid"] = len(
    content.virtualDiskManager.QueryVirtualDiskUuid("[datastore2] archive01/more.vmdk", datacenter)
)

disks = content.virtualDiskManager
more, moved = "[datastore2] archive01/more.vmdk", "[datastore1] web01/moved.vmdk"
wait(disks.MoveVirtualDisk_Task(more, datacenter, moved, datacenter, False, None))
seen["moved"] = [
    folder("GET", "archive01/more-flat.vmdk", "datastore2")[0],
    folder("GET", "web01/moved-flat.vmdk", "datastore1") == (200, bytes(2**20)),
    fault_of(lambda: wait(disks.MoveVirtualDisk_Task("[datastore1] web01/web01.vmdk", datacenter, more, datacenter))),
]
geometry = disks.QueryVirtualDiskGeometry(moved, datacenter)
seen["geometry"] = [geometry.head, geometry.sector]
spec = vim.vm.RelocateSpec(datastore=datastore, host=web01.runtime.host, pool=web01.resourcePool)
wait(web01.RelocateVM_Task(spec, "defaultPriority"))
seen["relocated"] = [
    disk_of(web01.config).backing.fileName,
    disk_of(second.config).backing.fileName,
    web01.config.files.vmPathName,
    areas(web01, second, before["changeId"])["areas"] == seen["changed"]["areas"],
    hashlib.sha256(folder("GET", "web01/web01-flat.vmdk", "datastore2")[1]).hexdigest()
    == seen["base"]["sha256"],
]

wait(first.RevertToSnapshot_Task(None, False))
seen["reverted"] = {
    "power": web01.runtime.powerState,
    "current": web01.snapshot.currentSnapshot._moId,
    "lost": disk_of(web01.config).backing.changeId.split("/")[0] != before["changeId"].split("/")[0],
    "children": [snapshot._moId for snapshot in first.childSnapshot],
}
wait(web01.RemoveAllSnapshots_Task(True))
seen["afterRemoval"] = [web01.snapshot, disk_of(web01.config).backing.fileName]

archive01 = vms["archive01"]
memory = archive01.config.hardware.memoryMB
archive01.UnregisterVM()
pool = content.searchIndex.FindByInventoryPath("Lab/host/Cluster").resourcePool
again = wait(
    datacenter.vmFolder.RegisterVM_Task("[datastore2] archive01/archive01.vmx", None, False, pool, None)
)
seen["registered"] = [again.name, again.config.hardware.memoryMB == memory]

by_entity = vim.event.EventFilterSpec.ByEntity(entity=web01, recursion="self")
events = content.eventManager.QueryEvents(vim.event.EventFilterSpec(entity=by_entity))
seen["events"] = [
    event.info.descriptionId if isinstance(event, vim.event.TaskEvent) else type(event).__name__.split(".")[-1]
    for event in events
]
collector = content.eventManager.CreateCollectorForEvents(
    vim.event.EventFilterSpec(eventTypeId=["VmRegisteredEvent"])
)
seen["collected"] = [event.vm.name for event in collector.ReadNextEvents(10)]
seen["latest"] = [event.vm.name for event in collector.latestPage]
collector.DestroyCollector()
Disconnect(service)
print(json.dumps(seen))
