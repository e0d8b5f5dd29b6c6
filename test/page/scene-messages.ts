/** What the scene's bot says: one of each block that the page must draw well. */
import type { HomeView, KnownBlock, ModalView } from '@slack/types';

const mrkdwn = (text: string) => ({ type: 'mrkdwn' as const, text });
const words = (text: string) => ({ type: 'plain_text' as const, text });

export function decisionBlocks(from: number, to: number, now: number): KnownBlock[] {
  const unix = Math.floor(now / 1000) + 7200;
  return [
    { type: 'header', text: words(`face-match: ${from} → ${to} workers`) },
    {
      type: 'section',
      text: mrkdwn(
        `The forecast for the next 23 minutes is *16.2/s*, which needs *${to}* workers; ceiling 40, budget not reached. Asked by <@U0ASHA>, until <!date^${unix}^{date_short_pretty} {time}|08:20 UTC>. Nobody is called by &lt;!channel&gt;.`,
      ),
    },
    {
      type: 'section',
      fields: [
        mrkdwn('*Demand*\n14.6/s'),
        mrkdwn('*Backlog*\n3, oldest 0.4 s'),
        mrkdwn('*Nodes*\n3 → 4'),
        mrkdwn('*Cost*\n$2.13 → $2.84/h'),
      ],
    },
    {
      type: 'actions',
      block_id: 'actions',
      elements: [
        {
          type: 'button',
          action_id: 'end',
          value: 'override cancel face-match',
          text: words('End the override'),
          style: 'danger',
          confirm: {
            title: words('End the override?'),
            text: mrkdwn('face-match goes back to *the forecast*.'),
            confirm: words('End it'),
            deny: words('Keep it'),
          },
        },
        { type: 'button', action_id: 'why', value: 'why face-match', text: words('Why?') },
        {
          type: 'overflow',
          action_id: 'more',
          options: [
            { text: words('Extend by an hour'), value: 'extend' },
            { text: words('Freeze the fleet'), value: 'freeze' },
          ],
        },
      ],
    },
    { type: 'context', elements: [mrkdwn(':large_green_circle: ready since 3 min · decision `d-42`')] },
  ];
}

export function decisionThread(to: number): KnownBlock[][] {
  return [
    [
      {
        type: 'table',
        rows: [
          ['Step', 'Workers', 'Why'],
          ['forecast', '11', '16.2/s with a margin of 8 %'],
          ['odd-even', String(to), 'two zones differ by at most one'],
        ].map((row) => row.map((text) => ({ type: 'raw_text' as const, text }))),
      },
    ],
    [
      {
        type: 'rich_text',
        elements: [
          {
            type: 'rich_text_list',
            style: 'bullet',
            elements: [
              {
                type: 'rich_text_section',
                elements: [
                  { type: 'text', text: 'slope', style: { bold: true } },
                  { type: 'text', text: ' says 15.9/s' },
                ],
              },
              { type: 'rich_text_section', elements: [{ type: 'text', text: 'yesterday says 16.4/s' }] },
            ],
          },
        ],
      },
    ],
  ];
}

export function statusBlocks(): KnownBlock[] {
  return [
    {
      type: 'section',
      text: mrkdwn('*All fleets are on time.* Next cycle <!date^1767599999^{time}|later>.'),
    },
    {
      type: 'table',
      rows: [
        ['Fleet', 'Ready', 'p95'],
        ['face-match', '10 of 12', '1.2 s'],
        ['liveness', '6 of 6', '4.1 s'],
      ].map((row) => row.map((text) => ({ type: 'raw_text' as const, text }))),
    },
    { type: 'divider' },
    {
      type: 'actions',
      elements: [
        {
          type: 'static_select',
          action_id: 'pick',
          placeholder: words('Another fleet'),
          options: [{ text: words('ocr'), value: 'ocr' }],
        },
      ],
    },
  ];
}

export function overrideView(): ModalView {
  return {
    type: 'modal',
    callback_id: 'override',
    title: words('Override a fleet'),
    submit: words('Set the override'),
    close: words('Leave it'),
    blocks: [
      { type: 'section', text: mrkdwn('An override ends by itself. *Say why*, others will ask.') },
      {
        type: 'input',
        block_id: 'fleet',
        label: words('Fleet'),
        element: {
          type: 'static_select',
          action_id: 'f',
          options: [{ text: words('face-match'), value: 'face-match' }],
        },
      },
      {
        type: 'input',
        block_id: 'workers',
        label: words('Workers'),
        hint: words('A whole number'),
        element: { type: 'number_input', is_decimal_allowed: false, action_id: 'n' },
      },
      {
        type: 'input',
        block_id: 'reason',
        optional: true,
        label: words('Reason'),
        element: { type: 'plain_text_input', action_id: 'r', multiline: true },
      },
    ],
  };
}

export function homeView(): HomeView {
  return {
    type: 'home',
    blocks: [
      { type: 'header', text: words('Your fleets') },
      { type: 'section', text: mrkdwn('*face-match* 10 of 12 ready') },
      {
        type: 'actions',
        elements: [{ type: 'button', action_id: 'home-status', value: 'status', text: words('Status') }],
      },
    ],
  };
}
