# The bot itself: two replicas that share Redis, each may die at any time.
#   nomad acl policy apply -description "Muster" muster muster.policy.hcl
#   nomad acl token create -name muster -policy muster
#   nomad var put nomad/jobs/muster nomad_token=... slack_bot_token=... (and so on)
job "muster" {
  type        = "service"
  datacenters = ["*"]
  priority    = 80

  update {
    max_parallel     = 1
    health_check     = "checks"
    min_healthy_time = "20s"
    auto_revert      = true
  }

  group "bot" {
    count = 2

    constraint {
      operator = "distinct_hosts"
      value    = "true"
    }

    network {
      port "http" {}
    }

    task "muster" {
      driver = "docker"
      config {
        image = "registry.example.com/muster:latest"
        args  = ["bot", "--config", "/local/muster.yml"]
        ports = ["http"]
      }
      template {
        destination = "local/muster.yml"
        data        = file("muster.yml")
      }
      template {
        destination = "secrets/muster.env"
        env         = true
        data        = <<-EOT
          {{ with nomadVar "nomad/jobs/muster" }}
          NOMAD_TOKEN={{ .nomad_token }}
          SLACK_BOT_TOKEN={{ .slack_bot_token }}
          SLACK_SIGNING_SECRET={{ .slack_signing_secret }}
          PAGERDUTY_ROUTING_KEY={{ .pagerduty_routing_key }}
          MAINTENANCE_WEBHOOK_SECRET={{ .maintenance_secret }}
          REDIS_URL={{ .redis_url }}
          {{ end }}
        EOT
      }
      env {
        HOST       = "0.0.0.0"
        PORT       = "${NOMAD_PORT_http}"
        NOMAD_ADDR = "https://nomad.service.consul:4646"
      }
      kill_signal  = "SIGTERM"
      kill_timeout = "20s"
      service {
        name     = "muster"
        provider = "nomad"
        port     = "http"
        check {
          type     = "http"
          path     = "/readyz"
          interval = "10s"
          timeout  = "3s"
        }
      }
      resources {
        cpu    = 500
        memory = 512
      }
    }
  }
}
