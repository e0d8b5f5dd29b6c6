# The maintenance watcher on every GPU VM. A system job: a drain by Muster leaves it running, so that the end of an event
# is reported, too. The secret is a Nomad variable that only this job may read:
#   nomad var put nomad/jobs/muster-watcher maintenance_secret=... muster_url=https://muster.example.com
job "muster-watcher" {
  type        = "system"
  datacenters = ["*"]
  priority    = 80

  constraint {
    attribute = "${attr.platform.gce.machine-type}"
    operator  = "is_set"
  }

  group "watcher" {
    restart {
      attempts = 10
      interval = "5m"
      delay    = "10s"
      mode     = "delay"
    }

    task "watch" {
      driver = "raw_exec"
      config {
        command = "/opt/muster/watch-maintenance.sh"
      }
      template {
        destination = "secrets/watcher.env"
        env         = true
        data        = <<-EOT
          {{ with nomadVar "nomad/jobs/muster-watcher" }}
          MUSTER_URL={{ .muster_url }}
          MAINTENANCE_WEBHOOK_SECRET={{ .maintenance_secret }}
          {{ end }}
        EOT
      }
      env {
        NODE_NAME = "${attr.unique.hostname}"
      }
      kill_signal = "SIGTERM"
      resources {
        cpu    = 50
        memory = 32
      }
    }
  }
}
