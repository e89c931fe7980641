export const bridgeName = 'flotilla0';
export const vxlanName = 'flotilla.vx';
/** Linux's old default; 4789 is what Docker's own overlay takes. */
export const vxlanPort = 8472;
export const vxlanId = 61_707;
/** Marks our routes among all others, in `ip route`'s protocol field. */
export const routeProtocol = '176';
/** The host's end of a pod's veth. */
export const podLinkName = /^fl[0-9a-f]{11}$/;
