/** Texts of the treatment plan of a major hazard, in English. */
export const treatment = {
  title: 'Treatment plan of a major hazard',
  missing: 'The fix may start once the plan was filed.',
  wait: 'Waiting for the enterprise’s safety officer to file it.',
  write: 'Write the plan',
  revise: 'Revise the plan',
  file: 'File the plan',
  filed: 'Filed by {name}',
  number: 'Version {n}',
  erased: 'The plan’s content was erased.',
  basis: '总局令第16号 art. 15 (treatment plan of six parts)',
  fill: 'Fill in everything marked with *.',
  part: {
    goals: 'Goals',
    measures: 'Measures',
    funds_yuan: 'Funds (yuan)',
    materials: 'Materials',
    responsible: 'Body and staff in charge',
    due_on: 'To be done by',
    requirements: 'Requirements',
    safeguards: 'Safety measures and contingency plan',
    stop_work: 'Stop of work',
    reported_to: 'Authority told',
    reported_on: 'Told on',
  },
  hint: {
    goals: 'What must be so when it is done',
    measures: 'How it is treated',
    responsible: 'Body, names, telephone',
    safeguards: 'What keeps people safe until then, and what to do if it goes wrong',
    stop_work: 'What was stopped and who was withdrawn, or why nothing has to be',
    reported_to: 'Which authority was told, and whom there',
  },
}
export const treatmentActions = { plan_filed: 'Treatment plan filed' }
export const treatmentProblems = {
  treatment_plan_required: 'A major hazard needs its treatment plan before the fix starts.',
}
