/** Reasons to wait that pass, and that a person would like to know of: what they mean, and what helps. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [/^(PartitionDown|PartitionInactive)$/, 'the partition is closed at the moment, and starts nothing until it opens'],
  [
    /RunMinutes/,
    'what your account or QoS runs at the moment is as much as it may run at once; it starts as other jobs end',
  ],
  [
    /^(ReqNodeNotAvail|NodeDown|FrontEndDown)/,
    'the nodes it needs are down, or kept free for maintenance; a smaller --time may let it start before that',
  ],
  [/^JobHeldUser/, 'it is on hold by your own account; scontrol release lets it go'],
  [/^JobHeldAdmin/, 'the staff of the cluster hold it; ask them, or wait until they let it go'],
  [/^QOSUsageThreshold$/, 'the QoS is not given to accounts that have used so much; it starts as usage decays'],
  [/^Licenses$/, 'a licence that it asks for is in use'],
  [/^(Reservation|ReqResv)$/, 'its reservation has not begun'],
  [/^(PowerNotAvail|PowerReserved)$/, 'the cluster may not use more power at the moment'],
  [
    /^(Assoc|QOS)?Max\w*(PerUser|PerAccount|PA)(Limit)?$|^AssocMaxJobsLimit$/,
    'it is all that you may run at once; it starts as your other jobs end',
  ],
  [/^(AssocGrp|QOSGrp)/, 'it is all that your account or QoS may run at once; it starts as other jobs end'],
];

/**
 * Says why a job waits where that is more than its turn, and passes: completes "A job waits: ...". Undefined for those that
 * say nothing new, such as `Priority`, and for what never passes; see hopeless-reason.ts. Pure.
 */
export function passingReason(reason: string): string | undefined {
  return REASONS.find(([sign]) => sign.test(reason))?.[1];
}
