/** What Muster reads of Nomad's answers; everything else in them is ignored. Checked against 1.1.2 and 2.0. */
import { z } from 'zod';

export const scaleStatusShape = z.object({
  JobModifyIndex: z.number(),
  JobStopped: z.boolean(),
  TaskGroups: z.record(
    z.string(),
    z.object({
      Desired: z.number(),
      /** Newest first, 20 at most. */
      Events: z
        .array(
          z.object({
            Count: z.number().nullish(),
            CreateIndex: z.number(),
            Meta: z.record(z.string(), z.unknown()).nullish(),
          }),
        )
        .nullish(),
    }),
  ),
});

export const deploymentShape = z
  .object({
    ID: z.string(),
    Status: z.string(),
    StatusDescription: z.string(),
    CreateIndex: z.number(),
    /** Of the job's registration or scale that made it. */
    JobModifyIndex: z.number().nullish(),
    JobVersion: z.number(),
    /** Nanoseconds; since 1.9. */
    CreateTime: z.number().nullish(),
    TaskGroups: z
      .record(
        z.string(),
        z.object({
          DesiredTotal: z.number(),
          HealthyAllocs: z.number(),
          PlacedAllocs: z.number(),
          UnhealthyAllocs: z.number().nullish(),
          DesiredCanaries: z.number().nullish(),
          Promoted: z.boolean().nullish(),
          AutoPromote: z.boolean().nullish(),
        }),
      )
      .nullish(),
  })
  .nullable();
export type Deployment = NonNullable<z.infer<typeof deploymentShape>>;
export const deploymentsShape = z.array(z.object({ Status: z.string(), JobVersion: z.number() }));

export const allocationsShape = z
  .array(
    z.object({
      ID: z.string(),
      /** '<job>.<group>[n]' */
      Name: z.string().nullish(),
      JobVersion: z.number().nullish(),
      NodeID: z.string(),
      TaskGroup: z.string(),
      DesiredStatus: z.string(),
      ClientStatus: z.string(),
      DeploymentStatus: z.object({ Healthy: z.boolean().nullish() }).nullish(),
      TaskStates: z
        .record(
          z.string(),
          z.object({
            State: z.string(),
            Failed: z.boolean(),
            Restarts: z.number().nullish(),
            Events: z
              .array(z.object({ Type: z.string().nullish(), DisplayMessage: z.string().nullish() }))
              .nullish(),
          }),
        )
        .nullish(),
      CreateIndex: z.number(),
    }),
  )
  .nullable()
  .transform((list) => list ?? []);
export type Allocation = z.infer<typeof allocationsShape>[number];

const constraints = z
  .array(z.object({ LTarget: z.string(), RTarget: z.string(), Operand: z.string() }))
  .nullish();
export type Constraint = NonNullable<z.infer<typeof constraints>>[number];

/** Loose: a plan sends the whole job back. */
export const jobShape = z.looseObject({
  ID: z.string(),
  Datacenters: z.array(z.string()).nullish(),
  NodePool: z.string().nullish(),
  Constraints: constraints,
  JobModifyIndex: z.number(),
  Version: z.number().nullish(),
  Stable: z.boolean().nullish(),
  /** Nanoseconds. */
  SubmitTime: z.number().nullish(),
  Meta: z.record(z.string(), z.string()).nullish(),
  TaskGroups: z.array(
    z.looseObject({
      Name: z.string(),
      Count: z.number(),
      Constraints: constraints,
      Update: z.looseObject({ Stagger: z.number().nullish(), Canary: z.number().nullish() }).nullish(),
      Tasks: z
        .array(
          z.looseObject({
            Name: z.string(),
            Driver: z.string(),
            Config: z.record(z.string(), z.unknown()).nullish(),
            Env: z.record(z.string(), z.string()).nullish(),
            /** Null: the task that runs for good. */
            Lifecycle: z.unknown().optional(),
          }),
        )
        .nullish(),
      Scaling: z.looseObject({ Min: z.number().nullish(), Max: z.number().nullish() }).nullish(),
    }),
  ),
});
export type Job = z.infer<typeof jobShape>;

export const planShape = z.object({
  JobModifyIndex: z.number(),
  FailedTGAllocs: z
    .record(
      z.string(),
      z.object({
        /** How many more failed for the same cause. */
        CoalescedFailures: z.number(),
        NodesEvaluated: z.number(),
        NodesExhausted: z.number(),
        DimensionExhausted: z.record(z.string(), z.number()).nullish(),
        ConstraintFiltered: z.record(z.string(), z.number()).nullish(),
      }),
    )
    .nullish(),
});
export type Plan = z.infer<typeof planShape>;

const lastDrain = z
  .object({ Status: z.string(), Meta: z.record(z.string(), z.string()).nullish() })
  .nullish();

export const nodesShape = z.array(
  z.object({
    ID: z.string(),
    Name: z.string(),
    Datacenter: z.string(),
    NodePool: z.string().nullish(),
    NodeClass: z.string(),
    Drain: z.boolean(),
    SchedulingEligibility: z.string(),
    Status: z.string(),
    LastDrain: lastDrain,
    Drivers: z
      .record(z.string(), z.object({ Detected: z.boolean().nullish(), Healthy: z.boolean().nullish() }))
      .nullish(),
  }),
);
export type NodeStub = z.infer<typeof nodesShape>[number];

export const nodeShape = z.object({
  ID: z.string(),
  Attributes: z.record(z.string(), z.string()).nullish(),
  Meta: z.record(z.string(), z.string()).nullish(),
  DrainStrategy: z.unknown(),
  LastDrain: lastDrain,
  SchedulingEligibility: z.string(),
});
export type NodeDetail = z.infer<typeof nodeShape>;

export const policiesShape = z
  .array(
    z.object({
      ID: z.string(),
      Enabled: z.boolean(),
      ModifyIndex: z.number(),
      Target: z.record(z.string(), z.string()).nullish(),
    }),
  )
  .nullable()
  .transform((list) => list ?? []);

export const policyShape = z.object({ Policy: z.record(z.string(), z.unknown()).nullish() });

export const schedulerShape = z.object({
  SchedulerConfig: z
    .object({ RejectJobRegistration: z.boolean().nullish(), PauseEvalBroker: z.boolean().nullish() })
    .nullish(),
});

export const scaledShape = z.object({ EvalID: z.string(), JobModifyIndex: z.number() });
export const drainedShape = z.object({ NodeModifyIndex: z.number() });
/** The index in this answer is 0 on 1.1.2. */
export const eligibilityShape = z.object({ NodeModifyIndex: z.number() });
export const stoppedShape = z.object({ EvalID: z.string() });
export const evaluatedShape = z.object({ EvalID: z.string() });

export const versionsShape = z.object({ Versions: z.array(jobShape) });
export const wholeAllocationShape = z.object({ Job: jobShape.nullish() });
const networks = z
  .array(
    z.object({
      IP: z.string().nullish(),
      DynamicPorts: z.array(z.object({ Label: z.string(), Value: z.number() })).nullish(),
      ReservedPorts: z.array(z.object({ Label: z.string(), Value: z.number() })).nullish(),
    }),
  )
  .nullish();
const allocatedNetworks = z.object({
  Shared: z
    .object({
      Networks: networks,
      Ports: z
        .array(z.object({ Label: z.string(), Value: z.number(), HostIP: z.string().nullish() }))
        .nullish(),
    })
    .nullish(),
  Tasks: z.record(z.string(), z.object({ Networks: networks })).nullish(),
});
export type AllocatedNetworks = z.infer<typeof allocatedNetworks>;
export const addressedShape = z.object({ AllocatedResources: allocatedNetworks.nullish() });
/** What pausing, failing and promoting answer. */
export const changedShape = z.object({ DeploymentModifyIndex: z.number() });
