/** What vCenter calls the guests it knows, by guest id; those the lab meets. */
const guestNames: Readonly<Record<string, string>> = {
  debian11_64Guest: 'Debian GNU/Linux 11 (64-bit)',
  debian12_64Guest: 'Debian GNU/Linux 12 (64-bit)',
  rhel8_64Guest: 'Red Hat Enterprise Linux 8 (64-bit)',
  rhel9_64Guest: 'Red Hat Enterprise Linux 9 (64-bit)',
  sles15_64Guest: 'SUSE Linux Enterprise 15 (64-bit)',
  ubuntu64Guest: 'Ubuntu Linux (64-bit)',
  windows2019srv_64Guest: 'Microsoft Windows Server 2019 (64-bit)',
  windows2022srvNext_64Guest: 'Microsoft Windows Server 2025 (64-bit)',
  otherLinux64Guest: 'Other Linux (64-bit)',
  otherGuest64: 'Other (64-bit)',
};

export const knownGuestIds: readonly string[] = Object.keys(guestNames);

/** An id this lab does not know reads like any other guest. */
export function guestFullName(guestId: string): string {
  return guestNames[guestId] ?? 'Other (64-bit)';
}
