"""AWS's own control loops (ALB health checks, Auto Scaling, RDS failover) in one process."""
