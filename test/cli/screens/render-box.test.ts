import { describe, expect, it } from 'vitest';
import { renderInvitation } from '../../../src/cli/screens/render-box.ts';

const invite = (host: string): string =>
  renderInvitation(
    'http://localhost:53682/',
    'https://account.box.com/api/oauth2/authorize',
    { user: 'ada', host },
    (text) => text,
  );

describe('logging in over SSH', () => {
  it.each(['vm', 'dtn', 'login1.local', 'node7.localdomain', 'localhost'])(
    'does not have people type "%s", which their own computer does not know',
    (host) => {
      const text = invite(host);
      expect(text).toContain('ssh -N -L 53682:localhost:53682 ada@HOST\n');
      expect(text).toContain('(HOST: the name you use to log in here)');
      expect(text).not.toContain(`ada@${host}`);
    },
  );

  it('takes a name that is known everywhere, and says that another may be right', () => {
    const text = invite('dtn.brc.berkeley.edu');
    expect(text).toContain('ada@dtn.brc.berkeley.edu\n     (or whatever name you use to log in here)');
  });
});
