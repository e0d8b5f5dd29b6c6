# Workers of one fleet in one zone: one job a zone, because Nomad's scaling lock is per job.
#   nomad job run -var fleet=face-match -var zone=asia-south1-a -var image=registry.example.com/face-match:41 workers.nomad.hcl
variable "fleet" { type = string }
variable "zone" { type = string }
variable "image" { type = string }
variable "queue" {
  type    = string
  default = ""
}
# Allocations, not workers: one a VM. Only for the first run; Muster keeps the live count from then on.
variable "count" {
  type    = number
  default = 1
}
variable "slots" {
  type    = number
  default = 4
}
# Empty: Muster asks the containers over HTTP. Else Muster reads what this command prints, and their ports are the VM's own:
#   -var health_command=/opt/muster/compose-health.sh
variable "health_command" {
  type    = string
  default = ""
}

job "workers" {
  id          = "${var.fleet}-${var.zone}"
  name        = "${var.fleet}-${var.zone}"
  type        = "service"
  datacenters = ["*"]

  constraint {
    attribute = "${meta.zone}"
    value     = var.zone
  }
  constraint {
    attribute = "${meta.fleet}"
    value     = var.fleet
  }

  update {
    max_parallel = 1
    # Healthy means loaded. The script ends where its containers are not healthy after START_SECONDS, so one that runs for
    # longer than that has every model loaded. The price: Nomad refuses the next change of the zone's count for so long. A
    # check of Nomad's own would know sooner, but needs Consul before 1.4, and would see one of the containers.
    health_check     = "task_states"
    min_healthy_time = "330s"
    # The predecessor's kill_timeout and a start, or a start that fails and another.
    healthy_deadline  = "12m"
    progress_deadline = "15m"
    auto_revert       = false
  }

  # Paces a drain: one VM's workers at a time, and the next when the stand-ins of these have loaded, as above.
  migrate {
    max_parallel     = 1
    health_check     = "task_states"
    min_healthy_time = "330s"
    healthy_deadline = "12m"
  }

  group "workers" {
    count = var.count

    # Bounds for everybody; Muster's own floor and ceiling lie within.
    scaling {
      enabled = true
      min     = 0
      max     = 125
    }

    # One allocation is one whole VM with all its slots.
    constraint {
      operator = "distinct_hosts"
      value    = "true"
    }

    # Where the containers are asked how they are: a port each, SLOTS of them from this one on. In muster.yml:
    #   health: { portPerWorker: true }, or with health_command: health: { file: alloc/health.json }
    network {
      port "health" {
        static = 18080
      }
    }

    # A new image comes up on the node whose worker it replaces, where Nomad sees room: a rollout's golden node stays one.
    ephemeral_disk {
      sticky = true
    }

    restart {
      attempts = 3
      interval = "10m"
      delay    = "15s"
      mode     = "fail"
    }

    task "compose" {
      driver = "raw_exec"

      config {
        command = "/opt/muster/compose-worker.sh"
      }

      env {
        PROJECT      = "${var.fleet}-${var.zone}"
        COMPOSE_FILE = "/opt/muster/compose.yml"
        IMAGE        = var.image
        QUEUE        = var.queue == "" ? var.fleet : var.queue
        SLOTS        = var.slots
        STOP_SECONDS = "90"
        HEALTH_PORT  = "${NOMAD_PORT_health}"

        # The pull of the image and the loading of the model. Whoever raises it raises min_healthy_time in both places.
        START_SECONDS = "300"

        HEALTH_HOST    = var.health_command == "" ? "" : "127.0.0.1"
        HEALTH_COMMAND = var.health_command
      }

      # Longer than the longest request and STOP_SECONDS together; the client's max_kill_timeout must allow it.
      kill_signal  = "SIGTERM"
      kill_timeout = "120s"

      resources {
        cpu    = 8000
        memory = 16384
      }
    }
  }
}
