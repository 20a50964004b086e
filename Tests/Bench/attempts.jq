# What jq counts of an attempt log for `compare`: rows of provider, operation, attempts, failed.
reduce (inputs | select(.kind == "attempt")) as $attempt ({};
  .[$attempt.provider + "\t" + $attempt.operation] |= [
    .[0] + 1,
    .[1] + (if $attempt.outcome == "failure" and $attempt.error_class != "cancelled" then 1 else 0 end)
  ])
| to_entries[] | "\(.key)\t\(.value[0])\t\(.value[1])"
