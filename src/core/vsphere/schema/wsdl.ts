import { allDataTypes, allOperations, isPrimitive, primitives } from './schema.ts';
import type { Field, OperationRow, TypeRow } from './parseTable.ts';
import { isKnownTo } from './versions.ts';

/**
 * The WSDL 1.1 description of the table, document/literal.
 * @param apiVersion  goes into every SOAPAction, by which the server decides which fields it sends
 */
export function toWsdl(apiVersion: string): string {
  return describe(allDataTypes(), allOperations(), apiVersion, 'https://localhost/sdk');
}

/**
 * The same as a server of that version gives it out: without what came later.
 * @param address  where the server answers
 */
export function toWsdlOf(apiVersion: string, address: string): string {
  const types = allDataTypes().filter(row => isKnownTo(apiVersion, row));
  const operations = allOperations().filter(row => isKnownTo(apiVersion, row));
  const known = (fields: readonly Field[]) => fields.filter(field => isKnownTo(apiVersion, field));
  return describe(
    types.map(row => ({ ...row, ownFields: known(row.ownFields) })),
    operations.map(row => ({ ...row, parameters: known(row.parameters) })),
    apiVersion,
    address,
  );
}

function describe(
  rows: readonly TypeRow[],
  operations: readonly OperationRow[],
  apiVersion: string,
  address: string,
): string {
  const types = rows.map(({ name, base, ownFields }) =>
    base === undefined
      ? `<complexType name="${name}">${sequence(ownFields)}</complexType>`
      : `<complexType name="${name}"><complexContent><extension base="vim25:${base}">` +
        `${sequence(ownFields)}</extension></complexContent></complexType>`,
  );
  const elements = operations.map(
    ({ name, parameters, returns }) =>
      `<complexType name="${name}RequestType">${sequence([thisParameter, ...parameters])}</complexType>` +
      `<element name="${name}" type="vim25:${name}RequestType"/>` +
      `<element name="${name}Response"><complexType>${sequence(returns === undefined ? [] : [returns])}</complexType></element>`,
  );
  const messages = operations.flatMap(({ name }) => [
    `<message name="${name}RequestMsg"><part name="parameters" element="vim25:${name}"/></message>`,
    `<message name="${name}ResponseMsg"><part name="parameters" element="vim25:${name}Response"/></message>`,
  ]);
  const ports = operations.map(
    ({ name }) =>
      `<operation name="${name}"><input message="vim25:${name}RequestMsg"/>` +
      `<output message="vim25:${name}ResponseMsg"/></operation>`,
  );
  const bindings = operations.map(
    ({ name }) =>
      `<operation name="${name}"><soap:operation soapAction="urn:vim25/${apiVersion}" style="document"/>` +
      '<input><soap:body use="literal"/></input><output><soap:body use="literal"/></output></operation>',
  );
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<definitions name="VimService" targetNamespace="urn:vim25" xmlns="http://schemas.xmlsoap.org/wsdl/"',
    ' xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:vim25="urn:vim25">',
    '<types><schema targetNamespace="urn:vim25" xmlns="http://www.w3.org/2001/XMLSchema" xmlns:vim25="urn:vim25"',
    ' xmlns:xsd="http://www.w3.org/2001/XMLSchema" elementFormDefault="qualified">',
    '<complexType name="ManagedObjectReference"><simpleContent><extension base="xsd:string">',
    '<attribute name="type" type="xsd:string"/></extension></simpleContent></complexType>',
    ...types,
    ...elements,
    '</schema></types>',
    ...messages,
    '<portType name="VimPortType">',
    ...ports,
    '</portType><binding name="VimBinding" type="vim25:VimPortType">',
    '<soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>',
    ...bindings,
    '</binding><service name="VimService"><port binding="vim25:VimBinding" name="VimPort">',
    `<soap:address location="${address}"/></port></service></definitions>`,
  ].join('\n');
}

const thisParameter: Field = { name: '_this', type: 'ref', optional: false, repeated: false };

function sequence(fields: readonly Field[]): string {
  return `<sequence>${fields.map(element).join('')}</sequence>`;
}

function element({ name, type, optional, repeated }: Field): string {
  const minimum = optional ? ' minOccurs="0"' : '';
  const maximum = repeated ? ' maxOccurs="unbounded"' : '';
  return `<element name="${name}" type="${xmlType(type)}"${minimum}${maximum}/>`;
}

function xmlType(type: string): string {
  if (type === 'ref') return 'vim25:ManagedObjectReference';
  return isPrimitive(type) ? `xsd:${primitives[type]}` : `vim25:${type}`;
}
