# What the bot's token may do, and no more.
namespace "default" {
  capabilities = [
    "list-jobs", "read-job",             # status, deployments, allocations
    "read-job-scaling", "scale-job",     # the loop
    "list-scaling-policies", "read-scaling-policy", # does another autoscaler own the count?
    "submit-job",                        # plan before a raise; rollouts: register, pause, fail
    "alloc-lifecycle",                   # recycle a worker
    "read-logs",                         # the log tail of a worker that a rollout stopped at
  ]
}

# Drain, cordon, take back.
node {
  policy = "write"
}

# Has an operator frozen the cluster?
operator {
  policy = "read"
}
