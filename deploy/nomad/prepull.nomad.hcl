# Pulls an image to every VM of a fleet in a zone before a rollout: an image of 7 GB takes minutes, and a worker that is
# replaced should not wait for it. Muster registers a job like this by itself (muster deploy); this one is for hands.
variable "fleet" { type = string }
variable "zone" { type = string }
variable "image" { type = string }

job "prepull" {
  id          = "prepull-${var.fleet}-${var.zone}"
  name        = "prepull-${var.fleet}-${var.zone}"
  type        = "sysbatch"
  datacenters = ["*"]

  constraint {
    attribute = "${meta.zone}"
    value     = var.zone
  }
  constraint {
    attribute = "${meta.fleet}"
    value     = var.fleet
  }

  group "prepull" {
    restart {
      attempts = 2
      interval = "30m"
      delay    = "30s"
      mode     = "fail"
    }
    task "pull" {
      driver = "raw_exec"
      config {
        command = "docker"
        args    = ["pull", "--quiet", var.image]
      }
      resources {
        cpu    = 100
        memory = 64
      }
    }
  }
}
