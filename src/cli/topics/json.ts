/** Output for programs. */
export const text = `FOR PROGRAMS

  Results go to standard output, talk to standard error.

  --json            run, plan, status, doctor, languages and others print one
                    JSON document on standard output
  --progress json   one JSON object a line on standard error:
    {"type":"progress", "phase":..., "documents":{...}, "pages":{...}, ...}
    {"type":"notice", "level":..., "code":..., "text":...}
    {"type":"error", "exitCode":..., "code":..., "message":..., ...}

  Names of fields and codes are stable; new fields may be added. Times are
  ISO 8601 in UTC, confidence is 0 to 100, page numbers begin with 1.

  ocr-pipeline status --json | jq '.runs[] | select(.state == "running")'`;
