/** A standing login: gives out access tokens and renews them. Safe for parallel use. */
export interface BoxLogin {
  /**
   * A token that is good for some minutes.
   * @throws {AccessError} `BOX_LOGIN_ENDED`, `BOX_NOT_LOGGED_IN`. @throws {BoxCallError} no answer now: to be tried again.
   */
  accessToken(): Promise<string>;
  /** A token other than the one Box has just refused. @throws {AccessError} there is none to be had. @throws {BoxCallError} no answer. */
  renew(refused: string): Promise<string>;
}
