# What the bot's token may do, and no more.
namespace "default" {
  capabilities = [
    "read-job",                          # jobs, deployments, allocations
    "read-job-scaling", "scale-job",     # the loop
    "list-scaling-policies", "read-scaling-policy", # does another autoscaler own the count?
    # From here on for these verbs alone; the loop does without, and counts free slots instead of planning.
    "submit-job",                        # plan before a raise; deploy: register, pause, pre-pull; remedies promote, unwedge, roll-back
    "alloc-lifecycle",                   # deploy; remedy recycle-worker, and stuck workers
    "read-logs",                         # deploy: the last lines of a worker that failed
    "read-fs",                           # health by file (docs/HEALTH.md); leave it out where no fleet has one
  ]
}

# The loop's cuts, migrate, remedy recycle-node: drain, cordon, take back.
node {
  policy = "write"
}

# Has an operator frozen the cluster?
operator {
  policy = "read"
}
