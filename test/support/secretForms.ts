/** A secret as it may look in a request, a URL, a header, a log or a dump. */
export function secretForms(secret: string): (string | Buffer)[] {
  const xml = secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return [
    secret,
    xml,
    xml.replaceAll('"', '&quot;'),
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString('base64').replace(/=+$/, ''),
    Buffer.from(secret).toString('hex'),
    Buffer.from(secret, 'utf16le'),
  ];
}
