"""Drives the lab by pyVmomi, VMware's own client library, of any generation, and prints what it saw as one line of JSON.

Arguments: URL, user, file with the password, folder for the disks, VMDK to import, its capacity in bytes.
"""
import hashlib
import json
import os
import ssl
import sys
import time
import urllib.error
import urllib.request

from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim, vmodl

url, user, password_file, folder, upload, capacity = sys.argv[1:]
authority = url.removeprefix("https://")
host, port = authority.rsplit(":", 1)
with open(password_file) as file:
    password = file.read().strip()
tls = ssl._create_unverified_context()
seen = {}


def connect(secret):
    return SmartConnect(host=host, port=int(port), user=user, pwd=secret, sslContext=tls)


def wait(task):
    while task.info.state not in ("success", "error"):
        time.sleep(0.01)
    if task.info.state == "error":
        raise task.info.error
    return task.info.result


def ready(lease):
    while lease.state == "initializing":
        time.sleep(0.01)
    return lease


def device_url(lease, index):
    return lease.info.deviceUrl[index].url.replace("*", authority)


def post(target, body):
    request = urllib.request.Request(
        target, data=body, headers={"Content-Type": "application/x-vnd.vmware-streamVmdk"}
    )
    try:
        with urllib.request.urlopen(request, context=tls) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def fault_of(action):
    try:
        action()
        return None
    except vmodl.MethodFault as fault:
        return type(fault).__name__.split(".")[-1]


seen["wrongPassword"] = fault_of(lambda: connect("wrong"))
service = connect(password)
content = service.content
about = content.about
seen["about"] = {"apiType": about.apiType, "version": about.version}


def tree(entity):
    """What of the inventory lies below an entity, as a client shows it."""
    below = []
    if isinstance(entity, vim.Datacenter):
        below = [entity.vmFolder, entity.hostFolder]
    elif isinstance(entity, vim.Folder):
        below = sorted(entity.childEntity, key=lambda child: child.name)
    return {"name": entity.name, **({"children": [tree(child) for child in below]} if below else {})}


seen["tree"] = tree(content.rootFolder)
view = content.viewManager.CreateContainerView(content.rootFolder, [vim.VirtualMachine], True)
vms = {vm.name: vm for vm in view.view}
seen["vms"] = {
    name: {
        "powerState": vm.runtime.powerState,
        "host": vm.runtime.host.name,
        "guest": vm.summary.config.guestFullName,
        "memoryMB": vm.summary.config.memorySizeMB,
        "folder": vm.parent.name,
        "disks": [
            device.backing.fileName
            for device in vm.config.hardware.device
            if isinstance(device, vim.vm.device.VirtualDisk)
        ],
    }
    for name, vm in sorted(vms.items())
}

db01 = vms["db01"]
snapshot = wait(
    db01.CreateSnapshotEx_Task("foreign", "token", False, vim.vm.GuestQuiesceSpec(timeout=15))
)
tree = db01.snapshot.rootSnapshotList[0]
seen["snapshot"] = {"id": snapshot._moId, "quiesced": tree.quiesced, "description": tree.description}
lease = ready(snapshot.ExportSnapshot())
seen["exports"] = []
for index in range(len(lease.info.deviceUrl)):
    path = os.path.join(folder, f"export-{index}.vmdk")
    with urllib.request.urlopen(device_url(lease, index), context=tls) as answer:
        body = answer.read()
    with open(path, "wb") as file:
        file.write(body)
    lease.HttpNfcLeaseProgress(50 * (index + 1))
    entry = lease.HttpNfcLeaseGetManifest()[index]
    seen["exports"].append(
        {
            "path": path,
            "type": answer.headers["Content-Type"],
            "manifest": entry.sha1 == hashlib.sha1(body).hexdigest() and entry.size == len(body),
        }
    )
lease.HttpNfcLeaseComplete()
seen["leaseState"] = lease.state
wait(snapshot.RemoveSnapshot_Task(False, True))
seen["afterRemoval"] = {
    "snapshot": db01.snapshot,
    "config": fault_of(lambda: snapshot.config),
    "file": db01.config.hardware.device[-1].key,
}

descriptor = f"""<?xml version="1.0"?>
<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1"
 xmlns:vmw="http://www.vmware.com/schema/ovf"
 xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData"
 xmlns:vssd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_VirtualSystemSettingData">
<References><File ovf:id="file1" ovf:href="disk.vmdk" ovf:size="{os.path.getsize(upload)}"/></References>
<DiskSection><Info/><Disk ovf:diskId="disk1" ovf:fileRef="file1" ovf:capacity="{capacity}"/></DiskSection>
<NetworkSection><Info/><Network ovf:name="net"/></NetworkSection>
<VirtualSystem ovf:id="vm"><Info/><Name>vm</Name><VirtualHardwareSection><Info/>
<System><vssd:VirtualSystemType>vmx-19</vssd:VirtualSystemType></System>
<Item><rasd:InstanceID>1</rasd:InstanceID><rasd:ResourceType>3</rasd:ResourceType><rasd:VirtualQuantity>2</rasd:VirtualQuantity></Item>
<Item><rasd:InstanceID>2</rasd:InstanceID><rasd:ResourceType>4</rasd:ResourceType><rasd:VirtualQuantity>512</rasd:VirtualQuantity></Item>
<Item><rasd:Address>0</rasd:Address><rasd:InstanceID>3</rasd:InstanceID><rasd:ResourceSubType>VirtualSCSI</rasd:ResourceSubType><rasd:ResourceType>6</rasd:ResourceType></Item>
<Item><rasd:AddressOnParent>0</rasd:AddressOnParent><rasd:HostResource>ovf:/disk/disk1</rasd:HostResource><rasd:InstanceID>4</rasd:InstanceID><rasd:Parent>3</rasd:Parent><rasd:ResourceType>17</rasd:ResourceType></Item>
<Item><rasd:Connection>net</rasd:Connection><rasd:InstanceID>5</rasd:InstanceID><rasd:ResourceSubType>VmxNet3</rasd:ResourceSubType><rasd:ResourceType>10</rasd:ResourceType></Item>
</VirtualHardwareSection></VirtualSystem></Envelope>"""

datacenter = content.rootFolder.childEntity[0]
pool = content.searchIndex.FindByInventoryPath("Lab/host/Cluster").resourcePool
parameters = vim.OvfManager.CreateImportSpecParams(
    entityName="foreign01",
    diskProvisioning="thin",
    networkMapping=[vim.OvfManager.NetworkMapping(name="net", network=datacenter.network[0])],
)
plan = content.ovfManager.CreateImportSpec(descriptor, pool, datacenter.datastore[0], parameters)
lease = ready(pool.ImportVApp(plan.importSpec, datacenter.vmFolder))
target = device_url(lease, 0)
with open(upload, "rb") as file:
    body = file.read()
damaged = bytearray(body)
damaged[len(body) // 2] ^= 0xFF
seen["import"] = {
    "sameDevice": plan.fileItem[0].deviceId == lease.info.deviceUrl[0].importKey,
    "truncated": post(target, body[: len(body) // 2]),
    "damaged": post(target, bytes(damaged)),
    "whole": post(target, body),
}
lease.HttpNfcLeaseComplete()
imported = lease.info.entity
spec = vim.vm.ConfigSpec(
    annotation="foreign", extraConfig=[vim.option.OptionValue(key="foreign.key", value="v")]
)
wait(imported.ReconfigVM_Task(spec))
seen["import"] |= {
    "name": imported.name,
    "annotation": imported.config.annotation,
    "numCPU": imported.config.hardware.numCPU,
    "option": [o.value for o in imported.config.extraConfig if o.key == "foreign.key"],
    "found": imported
    in content.searchIndex.FindAllByUuid(None, imported.config.instanceUuid, True, True),
}
seen["exportOfRunning"] = fault_of(vms["web01"].ExportVm)
seen["alreadyOn"] = fault_of(lambda: wait(vms["web01"].PowerOnVM_Task()))
Disconnect(service)
seen["afterLogout"] = fault_of(lambda: vms["web01"].name)
print(json.dumps(seen))
