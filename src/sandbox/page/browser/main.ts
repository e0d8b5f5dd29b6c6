/** The sandbox's page: a chat workspace with the bot in it, and beside it what the bot's decisions do to the fleets. */
import { at } from './app/dom.js';
import { refresh, startPolling } from './app/poll.js';
import { isVisible } from './app/store.js';
import { drawCloud, watchCloud } from './panels/cloud.js';
import { drawExamples, watchComposer } from './panels/composer.js';
import { drawFaults, watchFaults } from './panels/faults.js';
import { drawFleets } from './panels/fleets.js';
import { countUnread, drawBanner, drawFrame, watchFrame } from './panels/frame.js';
import { drawIncidents } from './panels/incidents.js';
import { applyChanges, drawChannel, watchScroll } from './panels/messages.js';
import { drawThread, watchThread } from './panels/thread.js';
import { drawViews, forgetOldModals, watchViews } from './panels/views.js';

watchFrame();
watchComposer(refresh);
watchThread();
watchViews(refresh);
watchFaults();
watchCloud();
watchScroll();

startPolling(
  ({ first, changed, gone }) => {
    if (first) {
      forgetOldModals();
      drawFrame();
      drawExamples();
      drawChannel();
    } else {
      applyChanges(changed, gone);
      countUnread(
        changed
          .filter((message) => !message.edited && message.threadTs === null && isVisible(message))
          .map((message) => message.channel),
      );
    }
    if (first || changed.length > 0) drawThread();
    drawViews();
    drawFleets();
    drawIncidents();
    drawFaults();
    drawCloud();
    drawBanner();
    document.body.dataset.ready = 'yes';
  },
  (isLost) => {
    at('lost').hidden = !isLost;
  },
);

// Between two updates the simulated clock goes on.
window.setInterval(() => {
  drawBanner();
  drawFaults();
}, 250);
