# What a GPU VM's Nomad client needs for these jobs; goes into the VM's image.
client {
  # kill_timeout of the workers is capped by this; Nomad's default is 30 s.
  max_kill_timeout = "3m"
  meta {
    zone  = "asia-south1-a"
    fleet = "face-match"
    slots = "4"
  }
}
plugin "raw_exec" {
  config {
    enabled = true
  }
}
