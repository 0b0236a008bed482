// What a dashboard of deploy/grafana must be, in the types that Grafana publishes (@grafana/schema). tsc holds each file's JSON
// against `BitnetDashboard`: a misspelt field or a value that Grafana does not know is an error.
import type { Dashboard, Panel, RowPanel, TableFieldOptions } from '@grafana/schema';
import type { Options as HeatmapOptions } from '@grafana/schema/dist/esm/raw/composable/heatmap/panelcfg/x/HeatmapPanelCfg_types.gen';
import type { Options as StatOptions } from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type {
  FieldConfig as StatesFieldConfig, Options as StatesOptions,
} from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';
import type { Options as TableOptions } from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
import type {
  FieldConfig as TimeSeriesFieldConfig, Options as TimeSeriesOptions,
} from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

// As it stands in a file, where an enum's value is its text.
type Json<T> = T extends string ? `${T}`
  : T extends number | boolean | null | undefined ? T
  : T extends (infer Item)[] ? Json<Item>[]
  : T extends object ? { [Key in keyof T]: Json<T[Key]> }
  : T;

type Source = { type: 'prometheus'; uid: '${datasource}' };

// Prometheus' own part of a query, which is not in the package.
type Query = {
  refId: string;
  datasource: Source;
  expr: string;
  legendFormat: string;
  format?: 'time_series' | 'table' | 'heatmap';
  instant?: boolean;
};

// Every panel says what it shows, and where it lies.
type PanelOf<Type extends string, Options, Custom> =
  Omit<Json<Panel<Options, Custom>>, 'type' | 'title' | 'description' | 'datasource' | 'targets' | 'gridPos' | 'options'> & {
    id: number;
    type: Type;
    title: string;
    description: string;
    datasource: Source;
    gridPos: { x: number; y: number; w: number; h: number };
    options: Json<Options>;
    targets: Query[];
  };

type Row = Omit<Json<RowPanel>, 'panels'> & { panels: [] };

export type BitnetDashboard = Omit<Json<Dashboard>, 'panels' | 'annotations'> & {
  uid: string;
  title: string;
  description: string;
  annotations: { list: unknown[] };
  panels: (
    | Row
    | PanelOf<'timeseries', TimeSeriesOptions, TimeSeriesFieldConfig>
    | PanelOf<'stat', StatOptions, {}>
    | PanelOf<'heatmap', HeatmapOptions, {}>
    | PanelOf<'state-timeline', StatesOptions, StatesFieldConfig>
    | PanelOf<'table', TableOptions, TableFieldOptions>
  )[];
};
