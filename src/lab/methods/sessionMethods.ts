import { isPathIn, propertiesOf } from '../../core/vsphere/schema/schema.ts';
import type { LabSession } from '../sessions.ts';
import { TypedValue } from '../soap/encodeResponse.ts';
import { textIn, type PlainObject } from '../model/managedObject.ts';
import { invalidArgument, VimFault } from '../soap/vimFault.ts';
import { readPath } from '../properties/propertyPath.ts';
import type { MethodTable } from './methodCall.ts';

/** Service and session, for clients that are logged in. Login itself is in the endpoint: it makes the session. */
export const sessionMethods: MethodTable = {
  RetrieveServiceContent: { on: 'ServiceInstance', answer: ({ self }) => self.property('content') },
  CurrentTime: { on: 'ServiceInstance', answer: ({ lab }) => lab.clock.now() },
  Logout: {
    on: 'SessionManager',
    answer: ({ lab, session }) => {
      const { userName, userAgent, loginTime, callCount, key } = session;
      lab.events.add({
        type: 'UserLogoutSessionEvent',
        message: `User ${userName}@127.0.0.1 logged out`,
        userName,
        fields: { ipAddress: '127.0.0.1', userAgent, callCount, sessionId: key, loginTime },
      });
      lab.sessions.end(session);
    },
  },
  AcquireGenericServiceTicket: {
    on: 'SessionManager',
    answer: ({ lab, session, parameters }) => {
      const spec = parameters['spec'] as PlainObject;
      const url = textIn(spec, 'url');
      if (spec['_type'] !== 'SessionManagerHttpServiceRequestSpec' || url === undefined)
        throw invalidArgument('spec');
      return {
        id: lab.serviceTickets.issue(url, textIn(spec, 'method') ?? 'httpGet', session.userName),
        hostName: lab.servers.main.authority,
        sslThumbprint: lab.servers.main.certificate.sha1Thumbprint,
        ticketType: 'HttpNfcServiceTicket',
      };
    },
  },
  SessionIsActive: {
    on: 'SessionManager',
    answer: ({ lab, parameters }) =>
      lab.sessions
        .live()
        .some(live => live.key === parameters['sessionID'] && live.userName === parameters['userName']),
  },
  Fetch: {
    on: 'ManagedObject',
    answer: ({ self, session, version, parameters }) => {
      const name = String(parameters['prop']);
      if (self.ref.type === 'SessionManager' && name === 'currentSession')
        return new TypedValue('UserSession', false, describeSession(session));
      const isKnown = propertiesOf(self.ref.type).some(field => field.name === name);
      if (!isKnown || !isPathIn(version, self.ref.type, name))
        throw new VimFault('InvalidProperty', '', { name });
      return readPath(self, name);
    },
  },
};

export function describeSession(session: LabSession): Readonly<Record<string, unknown>> {
  const { key, userName, loginTime, lastActiveTime, userAgent, callCount } = session;
  return {
    key,
    userName,
    fullName: userName,
    loginTime,
    lastActiveTime,
    locale: 'en',
    messageLocale: 'en',
    extensionSession: false,
    ipAddress: '127.0.0.1',
    userAgent,
    callCount,
  };
}
