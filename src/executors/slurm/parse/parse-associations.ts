/** What a person may use: an account, perhaps on one partition only, with these QoS. */
export interface Association {
  readonly account: string;
  /** Absent when it holds for every partition. */
  readonly partition?: string | undefined;
  readonly qos: readonly string[];
  readonly defaultQos?: string | undefined;
}

/** What `sacctmgr -n -P show associations` is asked for. */
export const ASSOCIATION_FIELDS = 'Account,Partition,QOS,DefaultQOS';

/** Reads the answer to ASSOCIATION_FIELDS. Pure. */
export function parseAssociations(text: string): Association[] {
  return text.split('\n').flatMap((line) => {
    const fields = line.split('|');
    const [account = '', partition = '', qos = '', defaultQos = ''] = fields;
    // Sites greet people, also where programs read.
    if (account === '' || fields.length !== ASSOCIATION_FIELDS.split(',').length) return [];
    return [
      {
        account,
        partition: partition || undefined,
        qos: qos.split(',').filter((name) => name !== ''),
        defaultQos: defaultQos || undefined,
      },
    ];
  });
}
